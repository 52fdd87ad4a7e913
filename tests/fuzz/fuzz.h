// fuzz.h: a fuzz target is one file, tests/fuzz/NAME_fuzz.c, with one function, which clang's libFuzzer calls with bytes of its
// invention (./do fuzz NAME), or driver.c with those of tests/fuzz/corpus/NAME and simple changes of them (./do test).
//
// It must not crash, leak, or break what it says by HOLDS; whatever the bytes, it returns 0.
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static inline void fuzz_holds(const char *file, int line, const char *what, bool holds)
{
    if (holds)
        return;
    fprintf(stderr, "%s:%d: this does not hold: %s\n", file, line, what);
    abort();
}

#define HOLDS(condition) fuzz_holds(__FILE__, __LINE__, #condition, (condition) ? true : false)

// What has been taken of the input. At its end zeroes follow.
typedef struct fuzz_input {
    const uint8_t *at;
    size_t left;
} fuzz_input_t;

static inline uint8_t fuzz_byte(fuzz_input_t *in)
{
    if (in->left == 0)
        return 0;
    in->left--;
    return *in->at++;
}

// A copy with a NUL behind it, and not a byte more, so that the sanitizer sees what is read behind it. To be freed.
static inline char *fuzz_text(const uint8_t *data, size_t len)
{
    char *text = malloc(len + 1);
    if (text == NULL)
        abort();
    if (len > 0)
        memcpy(text, data, len);
    text[len] = '\0';
    return text;
}

// The same without the NUL.
static inline uint8_t *fuzz_bytes(const uint8_t *data, size_t len)
{
    uint8_t *bytes = malloc(len > 0 ? len : 1);
    if (bytes == NULL)
        abort();
    if (len > 0)
        memcpy(bytes, data, len);
    return bytes;
}

#endif
