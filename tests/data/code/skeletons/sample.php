<?php
namespace Shop;
class Order
{
    private array $lines;
    public function total(array $prices): int
    { /* [bursar: bodies are left out, by their lines; the original: blob_0000000000000000000000000000000000000000000000000000000000000000] L12-20 */ }
}
