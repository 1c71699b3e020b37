#include <stdio.h>
#define TWICE(x) \
    ((x) * 2)
static int total(const int *prices, unsigned count) {
    int sum = 0;
    for (unsigned i = 0; i < count; i++) {
        sum += TWICE(prices[i]);
    }
    printf("// no remark %d\n", sum);
    return sum;
}
