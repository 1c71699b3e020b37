#include <stdio.h>
#define TWICE(x) \
    ((x) * 2)
static int total(const int *prices, unsigned count) { /* [bursar: bodies are left out, by their lines; the original: blob_0000000000000000000000000000000000000000000000000000000000000000] L7-15 */ }
