"""JSON: coded without loss, and large arrays brought down to what is in them."""
