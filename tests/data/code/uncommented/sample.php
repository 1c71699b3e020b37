<?php
namespace Shop;
class Order
{
    private array $lines;
    public function total(array $prices): int
    {
        $sum = 0;
        foreach ($this->lines as $line) {
            $sum += $prices[$line];
        }
        echo "// no remark $sum";
        return $sum;
    }
}
