-- Orders.
CREATE TABLE orders (
    id INTEGER PRIMARY KEY, -- how it is known
    line TEXT NOT NULL
);

/* The sum. */
SELECT line, SUM(price) AS total
FROM orders
WHERE line <> '-- no remark'
GROUP BY line
ORDER BY total;
