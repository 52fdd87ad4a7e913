// driver.c: what stands in for libFuzzer where there is none, and in ./do test: every file of the target's corpus, cut off
// anywhere, and then a fixed number of changes, the same in every run. It sees no coverage, so it finds what is near.
//
//     build/host/tests/NAME_fuzz              as ./do test runs it
//     build/host/tests/NAME_fuzz FILE...      these files alone
#include <dirent.h>
#include <signal.h>
#include <unistd.h>

#include "check.h"
#include "fuzz.h"

#ifdef __SANITIZE_ADDRESS__
#define CHANGES 4000u
#else
#define CHANGES 20000u
#endif

#define SEEDS_MAX 200u
#define SEED_MAX  8192u

typedef struct seed {
    uint8_t *bytes;
    size_t len;
} seed_t;

static seed_t seeds[SEEDS_MAX];
static size_t seed_count;

// --- What to do again when it crashes

static const uint8_t *current;
static size_t current_len;

static void put_hex(uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    const char text[2] = {digits[byte >> 4], digits[byte & 15]};
    (void)!write(STDERR_FILENO, text, 2);
}

static void show(int signal_number)
{
    static const char title[] = "\n# the input, in hex: ";
    (void)!write(STDERR_FILENO, title, sizeof title - 1);
    for (size_t i = 0; i < current_len; i++)
        put_hex(current[i]);
    (void)!write(STDERR_FILENO, "\n", 1);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void try(const uint8_t *data, size_t len)
{
    uint8_t *bytes = fuzz_bytes(data, len); // of its exact size
    current = bytes;
    current_len = len;
    (void)LLVMFuzzerTestOneInput(bytes, len);
    current_len = 0;
    free(bytes);
}

// --- The corpus

static bool read_seed(const char *path)
{
    static uint8_t bytes[SEED_MAX];
    FILE *file = fopen(path, "rb");
    if (file == NULL || seed_count == SEEDS_MAX)
        return false;
    size_t len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    seeds[seed_count++] = (seed_t){fuzz_bytes(bytes, len), len};
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

// In the order of their names, so that every run is the same.
static bool read_corpus(const char *folder)
{
    static char *paths[SEEDS_MAX];
    size_t count = 0;
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    while (dir != NULL && count < SEEDS_MAX && (entry = readdir(dir)) != NULL) {
        char path[1000];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        paths[count++] = fuzz_text((const uint8_t *)path, strlen(path));
    }
    if (dir != NULL)
        closedir(dir);
    qsort(paths, count, sizeof paths[0], by_name);
    for (size_t i = 0; i < count; i++) {
        if (!read_seed(paths[i]))
            FAIL("%s cannot be read", paths[i]);
        free(paths[i]);
    }
    return count > 0;
}

// --- Changes

static uint32_t state = 20261;

static uint32_t below(uint32_t n)
{
    state = state * 1664525u + 1013904223u;
    return n > 0 ? (uint32_t)((uint64_t)state * n >> 32) : 0;
}

static size_t flip(uint8_t *bytes, size_t len)
{
    if (len > 0)
        bytes[below((uint32_t)len)] ^= (uint8_t)(1u << below(8));
    return len;
}

static size_t set(uint8_t *bytes, size_t len)
{
    static const uint8_t values[] = {0,   1,   9,   10,  13,   ' ',  '%',  '-', '/',
                                     '0', ':', ';', '@', '\\', 0x7f, 0x80, 0xff};
    if (len > 0)
        bytes[below((uint32_t)len)] = values[below(sizeof values)];
    return len;
}

static size_t drop(uint8_t *bytes, size_t len)
{
    size_t at = below((uint32_t)len + 1), n = below(9);
    if (at + n > len)
        return len;
    memmove(bytes + at, bytes + at + n, len - at - n);
    return len - n;
}

static size_t repeat(uint8_t *bytes, size_t len)
{
    size_t at = below((uint32_t)len + 1), n = 1 + below(40);
    if (at + n > len || len + n > 2 * SEED_MAX)
        return len;
    memmove(bytes + at + n, bytes + at, len - at);
    return len + n;
}

// What follows is that of another seed.
static size_t join(uint8_t *bytes, size_t len)
{
    const seed_t *other = &seeds[below((uint32_t)seed_count)];
    size_t keep = below((uint32_t)len + 1), from = below((uint32_t)other->len + 1);
    size_t n = other->len - from;
    if (keep + n > 2 * SEED_MAX)
        return len;
    if (n > 0)
        memcpy(bytes + keep, other->bytes + from, n);
    return keep + n;
}

static void try_changed(void)
{
    static size_t (*const changes[])(uint8_t *, size_t) = {flip, set, drop, repeat, join};
    static uint8_t bytes[2 * SEED_MAX];
    const seed_t *seed = &seeds[below((uint32_t)seed_count)];
    size_t len = seed->len;
    memcpy(bytes, seed->bytes, len);
    for (uint32_t n = 1 + below(4); n > 0; n--)
        len = changes[below(sizeof changes / sizeof changes[0])](bytes, len);
    try(bytes, len);
}

// --- Tests

static void takes_its_corpus(void)
{
    REQUIRE(read_corpus(FUZZ_CORPUS));
    for (size_t i = 0; i < seed_count; i++)
        try(seeds[i].bytes, seeds[i].len);
}

static void takes_it_cut_off(void)
{
    for (size_t i = 0; i < seed_count; i++) {
        size_t step = 1 + seeds[i].len / 300;
        for (size_t len = 0; len < seeds[i].len; len += step)
            try(seeds[i].bytes, len);
    }
}

static void takes_it_changed(void)
{
    for (uint32_t i = 0; i < CHANGES && seed_count > 0; i++)
        try_changed();
}

int main(int argc, char **argv)
{
    signal(SIGABRT, show);
    signal(SIGSEGV, show);
    for (int i = 1; i < argc; i++) {
        if (!read_seed(argv[i]))
            return 1;
        try(seeds[seed_count - 1].bytes, seeds[seed_count - 1].len);
    }
    if (argc == 1) {
        RUN(takes_its_corpus);
        RUN(takes_it_cut_off);
        RUN(takes_it_changed);
    }
    for (size_t i = 0; i < seed_count; i++)
        free(seeds[i].bytes);
    return check_done();
}
