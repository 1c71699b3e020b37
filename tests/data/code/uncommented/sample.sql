CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    line TEXT NOT NULL
);
SELECT line, SUM(price) AS total
FROM orders
WHERE line <> '-- no remark'
GROUP BY line
ORDER BY total;
