// op.h: what a program measures: one operation. The linker says which (--defsym=bench_op=bench_op_NAME).
#ifndef BENCH_CRYPTO_OP_H
#define BENCH_CRYPTO_OP_H

#include <stdbool.h>

struct bench_op {
    void (*before)(void); // each time, and not measured; or NULL
    bool (*run)(void);    // what is measured
    bool (*right)(
        void); // whether the result of run is, and what else must hold: a forged signature is refused
};

extern const struct bench_op bench_op;

#endif
