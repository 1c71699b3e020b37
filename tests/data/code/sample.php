<?php
// Orders.
namespace Shop;

/** An order. */
class Order
{
    private array $lines; // in their order

    # The sum.
    public function total(array $prices): int
    {
        $sum = 0;

        foreach ($this->lines as $line) {
            $sum += $prices[$line]; /* in cents */
        }
        echo "// no remark $sum";
        return $sum;
    }
}
