// The arena: what is in a block stays as it was, nothing is lost, and damage does not go unnoticed.
#define _POSIX_C_SOURCE 200809L

#include "arena.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

#define ARENA    (96u * 1024u)
#define OVERHEAD 16u // the header of one block and the end marker
#define RECORD   16717u

static _Alignas(8) uint8_t memory[ARENA + 8];

static uint32_t random_state;

static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % n;
}

static bool is_all(const uint8_t *p, size_t n, uint8_t value)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != value)
            return false;
    }
    return true;
}

// --- A long random life

#define SLOTS      300u
#define OPERATIONS 200000u

struct slot {
    uint8_t *p;
    uint32_t n;
    uint8_t pattern;
};

static uint32_t random_size(void)
{
    switch (random_below(16)) {
    case 0: return random_below(20000);
    case 1:
    case 2: return random_below(2500);
    case 3: return 0;
    default: return random_below(200);
    }
}

static void take(struct slot *slot)
{
    slot->n = random_size();
    uint32_t part = slot->n % 4 == 0 ? 4 : 1;
    uint8_t *p = picket_arena_calloc(slot->n / part, part);
    slot->p = p;
    if (p == NULL)
        return;
    CHECK((uintptr_t)p % 8 == 0);
    CHECK(p >= memory && p + slot->n <= memory + sizeof memory);
    CHECK(is_all(p, slot->n, 0));
    slot->pattern = (uint8_t)(1 + random_below(255));
    memset(p, slot->pattern, slot->n);
}

static void give_back(struct slot *slot)
{
    CHECK(is_all(slot->p, slot->n, slot->pattern));
    if (random_below(8) == 0)
        arena_free_wiped(slot->p, slot->n);
    else
        picket_arena_free(slot->p);
    slot->p = NULL;
}

static size_t give_all_back(struct slot *slots)
{
    size_t n = 0;
    for (size_t i = 0; i < SLOTS; i++) {
        n += slots[i].p != NULL;
        if (slots[i].p != NULL)
            give_back(&slots[i]);
    }
    return n;
}

static void live(uint8_t *mem, size_t len)
{
    static struct slot slots[SLOTS];
    size_t most = len - (8 - (uintptr_t)mem % 8) % 8;
    most = most / 8 * 8 - OVERHEAD;
    memset(slots, 0, sizeof slots);
    REQUIRE(arena_start(mem, len));
    for (uint32_t i = 0; i < OPERATIONS; i++) {
        struct slot *slot = &slots[random_below(SLOTS)];
        if (slot->p == NULL)
            take(slot);
        else
            give_back(slot);
        if (i % 50 == 0)
            REQUIRE(arena_check());
        CHECK(arena_used() <= most + 8 && arena_used() <= arena_peak());
    }
    CHECK(arena_failures() > 0);
    CHECK(give_all_back(slots) > 10);
    CHECK_INT(arena_used(), 0);
    CHECK(arena_check());
    void *whole = picket_arena_calloc(1, most);
    CHECK(whole != NULL);
    picket_arena_free(whole);
    arena_stop();
}

static void survives_a_long_random_life(void)
{
    for (uint32_t skew = 0; skew < 8; skew += 3) {
        random_state = skew + 1;
        live(memory + skew, ARENA - skew);
    }
}

// --- Exhaustion, sizes

static void recovers_from_exhaustion(void)
{
    static void *blocks[ARENA / 16];
    size_t n = 0;
    REQUIRE(arena_start(memory, ARENA));
    while ((blocks[n] = picket_arena_calloc(1, 1 + n % 100)) != NULL)
        n++;
    CHECK_INT(arena_failures(), 1);
    CHECK(arena_check());
    for (size_t i = 0; i < n; i += 2)
        picket_arena_free(blocks[i]);
    CHECK(arena_check());
    CHECK(picket_arena_calloc(1, 4000) == NULL);
    CHECK_INT(arena_failures(), 2);
    for (size_t i = 1; i < n; i += 2)
        picket_arena_free(blocks[i]);
    CHECK_INT(arena_used(), 0);
    CHECK(picket_arena_calloc(1, ARENA - OVERHEAD + 1) == NULL);
    CHECK(picket_arena_calloc(1, ARENA - OVERHEAD) != NULL);
    CHECK_INT(arena_used(), ARENA - 8);
    CHECK(picket_arena_calloc(1, 1) == NULL);
    arena_stop();
}

static void refuses_sizes_that_overflow(void)
{
    static const size_t pairs[][2] = {
        {SIZE_MAX, 1},     {1, SIZE_MAX},         {SIZE_MAX, SIZE_MAX}, {SIZE_MAX / 2 + 1, 2},
        {2, SIZE_MAX / 2}, {0x10000, 0x10000},    {0x8000, 0x10000},    {0x80000000u, 1},
        {1, 0x7fffffffu},  {SIZE_MAX / 8 + 2, 8}, {0xffff, 0xffff},     {SIZE_MAX - 7, 1},
        {1, 0x7ffffff0u},  {0x7fffffefu, 1},      {1, SIZE_MAX - 15},   {SIZE_MAX / 0x10000 + 1, 0x10000},
    };
    REQUIRE(arena_start(memory, ARENA));
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        CHECK(picket_arena_calloc(pairs[i][0], pairs[i][1]) == NULL);
        CHECK_INT(arena_failures(), i + 1);
    }
    CHECK_INT(arena_used(), 0);
    CHECK(arena_check());
    arena_stop();
}

static void nothing_is_a_block_too(void)
{
    REQUIRE(arena_start(memory, ARENA));
    void *a = picket_arena_calloc(0, 8);
    void *b = picket_arena_calloc(8, 0);
    CHECK(a != NULL && b != NULL && a != b);
    CHECK_INT(arena_used(), 32);
    picket_arena_free(a);
    arena_free_wiped(b, 0);
    picket_arena_free(NULL);
    arena_free_wiped(NULL, 10);
    CHECK_INT(arena_used(), 0);
    arena_stop();
}

static void starts_in_any_place_and_size(void)
{
    for (size_t skew = 0; skew < 8; skew++) {
        for (size_t len = 0; len < 200; len++) {
            size_t room = len < (8 - skew) % 8 ? 0 : (len - (8 - skew) % 8) / 8 * 8;
            CHECK(arena_start(memory + skew, len) == (room >= 24));
            if (room < 24)
                continue;
            CHECK(picket_arena_calloc(1, room - OVERHEAD + 1) == NULL);
            uint8_t *p = picket_arena_calloc(1, room - OVERHEAD);
            CHECK(p != NULL && p >= memory + skew + 8 && p + room - OVERHEAD <= memory + skew + len);
            CHECK(picket_arena_calloc(0, 0) == NULL);
            picket_arena_free(p);
            CHECK(arena_check());
            arena_stop();
        }
    }
}

static void one_at_a_time(void)
{
    CHECK(!arena_start(NULL, ARENA));
    CHECK(!arena_start(memory, (size_t)0x80000000u));
    REQUIRE(arena_start(memory, ARENA));
    CHECK(!arena_start(memory, ARENA));
    arena_stop();
    arena_stop();
    CHECK(arena_check());
    CHECK_INT(arena_used(), 0);
    CHECK(picket_arena_calloc(1, 1) == NULL);
}

// --- Where blocks lie

static void large_from_high_small_from_low(void)
{
    REQUIRE(arena_start(memory, ARENA));
    uint8_t *large = picket_arena_calloc(1, RECORD);
    uint8_t *small = picket_arena_calloc(1, 100);
    uint8_t *large2 = picket_arena_calloc(1, ARENA_LARGE);
    uint8_t *small2 = picket_arena_calloc(1, ARENA_LARGE - 1);
    CHECK(large + RECORD + 8 + 8 > memory + ARENA);
    CHECK(small == memory + 8);
    CHECK(large2 + ARENA_LARGE + 8 == large);
    CHECK(small2 == small + 104 + 8);
    arena_stop();
}

// Record buffers come and go while small blocks, some of them for good, are taken in between.
static void small_blocks_keep_out_of_a_records_place(void)
{
    void *kept[64] = {NULL};
    random_state = 7;
    REQUIRE(arena_start(memory, 2 * (RECORD + 16) + 24 * 1024));
    for (uint32_t round = 0; round < 3000; round++) {
        void *first = picket_arena_calloc(1, RECORD);
        void *second = picket_arena_calloc(1, RECORD);
        REQUIRE(first != NULL && second != NULL);
        picket_arena_free(round % 2 ? first : second);
        for (int i = 0; i < 40; i++) {
            void **slot = &kept[random_below(64)];
            picket_arena_free(*slot);
            *slot = picket_arena_calloc(1, random_below(400));
            REQUIRE(*slot != NULL);
        }
        picket_arena_free(round % 2 ? second : first);
    }
    CHECK(arena_check());
    arena_stop();
}

// --- Accounts

static void counts_what_is_used(void)
{
    REQUIRE(arena_start(memory, ARENA));
    CHECK_INT(arena_used(), 0);
    CHECK_INT(arena_peak(), 0);
    void *a = picket_arena_calloc(1, 100);
    void *b = picket_arena_calloc(1, 2000);
    CHECK_INT(arena_used(), 112 + 2008);
    picket_arena_free(b);
    CHECK_INT(arena_used(), 112);
    CHECK_INT(arena_peak(), 112 + 2008);
    arena_peak_reset();
    CHECK_INT(arena_peak(), 112);
    picket_arena_free(a);
    CHECK_INT(arena_used(), 0);
    CHECK_INT(arena_peak(), 112);
    arena_stop();
}

static void fails_when_told(void)
{
    REQUIRE(arena_start(memory, ARENA));
    arena_fail_at(1);
    CHECK(picket_arena_calloc(1, 1) == NULL);
    CHECK(picket_arena_calloc(1, 1) != NULL);
    arena_fail_at(3);
    CHECK(picket_arena_calloc(1, 1) != NULL);
    CHECK(picket_arena_calloc(1, 1) != NULL);
    CHECK(picket_arena_calloc(1, 1) == NULL);
    CHECK(picket_arena_calloc(1, 1) != NULL);
    CHECK_INT(arena_failures(), 2);
    arena_fail_at(2);
    arena_fail_at(0);
    for (int i = 0; i < 5; i++)
        CHECK(picket_arena_calloc(1, 1) != NULL);
    CHECK_INT(arena_failures(), 2);
    arena_stop();
}

// --- Secrets

static void stop_wipes_every_byte(void)
{
    for (size_t skew = 0; skew < 8; skew++) {
        memset(memory, 0xa5, sizeof memory);
        REQUIRE(arena_start(memory + skew, 5003));
        for (int i = 0; i < 20; i++) {
            uint8_t *p = picket_arena_calloc(1, 200);
            REQUIRE(p != NULL);
            memset(p, 0x5a, 200);
            if (i % 3 == 0)
                picket_arena_free(p);
        }
        arena_stop();
        CHECK(is_all(memory, skew, 0xa5));
        CHECK(is_all(memory + skew, 5003, 0));
        CHECK(is_all(memory + skew + 5003, sizeof memory - skew - 5003, 0xa5));
    }
}

// Only what holds the links of the free list is written after the wipe.
static void wipes_what_is_secret(void)
{
    REQUIRE(arena_start(memory, ARENA));
    uint8_t *keep = picket_arena_calloc(1, 16);
    uint8_t *p = picket_arena_calloc(1, 64);
    REQUIRE(keep != NULL && p != NULL);
    memset(p, 0x5a, 64);
    arena_free_wiped(p, 64);
#ifdef __SANITIZE_ADDRESS__
    ASAN_UNPOISON_MEMORY_REGION(p, 64);
#endif
    CHECK(is_all(p + 8, 56, 0));
    arena_stop();
}

#ifdef __SANITIZE_ADDRESS__
static void poisons_what_is_not_allocated(void)
{
    REQUIRE(arena_start(memory, ARENA));
    char *p = picket_arena_calloc(1, 13);
    char *q = picket_arena_calloc(1, 2000);
    REQUIRE(p != NULL && q != NULL);
    CHECK(__asan_region_is_poisoned(p, 13) == NULL);
    CHECK(__asan_address_is_poisoned(p - 1));
    CHECK(__asan_address_is_poisoned(p + 13));
    CHECK(__asan_address_is_poisoned(q + 2000));
    picket_arena_free(p);
    picket_arena_free(q);
    CHECK(__asan_address_is_poisoned(p));
    CHECK(__asan_address_is_poisoned(p + 12));
    CHECK(__asan_address_is_poisoned(q + 1000));
    arena_stop();
    CHECK(__asan_region_is_poisoned(memory, sizeof memory) == NULL);
}
#endif

// --- Damage

// Blocks of 24 bytes: a, b, c, in this order, nothing else in use but what keeps c from the rest.
static uint8_t *a, *b, *c;

static bool start_with_three(void)
{
    if (!arena_start(memory, 4096))
        return false;
    a = picket_arena_calloc(1, 24);
    b = picket_arena_calloc(1, 24);
    c = picket_arena_calloc(1, 24);
    return picket_arena_calloc(1, 24) != NULL;
}

// Write behind the back of the address sanitizer.
static void scribble(uint8_t *p, size_t n)
{
#ifdef __SANITIZE_ADDRESS__
    ASAN_UNPOISON_MEMORY_REGION(p, n);
#endif
    memset(p, 0x41, n);
}

static void free_twice(void)
{
    picket_arena_free(b);
    picket_arena_free(b);
}

static void free_twice_after_joining(void)
{
    picket_arena_free(a);
    picket_arena_free(b);
    picket_arena_free(b);
}

static void free_twice_joined_to_the_next(void)
{
    picket_arena_free(c);
    picket_arena_free(b);
    picket_arena_free(c);
}

static void free_inside(void)
{
    picket_arena_free(b + 8);
}

static void free_unaligned(void)
{
    picket_arena_free(b + 1);
}

static void free_foreign(void)
{
    uint64_t foreign = 0;
    picket_arena_free(&foreign);
}

static void free_end_marker(void)
{
    picket_arena_free(memory + 4096);
}

static void free_after_stop(void)
{
    arena_stop();
    picket_arena_free(b);
}

static void free_own_header_damaged(void)
{
    scribble(b - 8, 8);
    picket_arena_free(b);
}

static void free_overrun(void)
{
    scribble(b + 24, 8);
    picket_arena_free(b);
}

static void free_too_much_wiped(void)
{
    arena_free_wiped(b, 25);
}

// The first of a size that is freed is kept, the second becomes a hole.
static void make_hole_of_b(void)
{
    picket_arena_free(picket_arena_calloc(1, 24));
    picket_arena_free(b);
}

static void take_from_damaged_link(void)
{
    make_hole_of_b();
    scribble(b, 8);
    picket_arena_calloc(1, 24);
    picket_arena_calloc(1, 24);
}

static void take_damaged_block_that_was_kept(void)
{
    picket_arena_free(b);
    scribble(b - 8, 4);
    picket_arena_calloc(1, 24);
}

static void need_damaged_block_that_was_kept(void)
{
    picket_arena_free(b);
    scribble(b - 8, 4);
    picket_arena_calloc(1, ARENA);
}

static void take_from_damaged_hole(void)
{
    make_hole_of_b();
    scribble(b - 8, 4);
    picket_arena_calloc(1, 24);
    picket_arena_calloc(1, 24);
}

// Whether the program ends by a signal or a report when it does this.
static bool is_stopped(void (*act)(void))
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL || !start_with_three())
            _exit(0);
        act();
        _exit(0);
    }
    return child > 0 && waitpid(child, &status, 0) == child && status != 0;
}

static void do_nothing(void)
{
    picket_arena_free(a);
    picket_arena_free(c);
    picket_arena_free(b);
}

static void damage_stops_the_program(void)
{
    fflush(NULL);
    CHECK(!is_stopped(do_nothing));
    CHECK(is_stopped(free_twice));
    CHECK(is_stopped(free_twice_after_joining));
    CHECK(is_stopped(free_twice_joined_to_the_next));
    CHECK(is_stopped(free_inside));
    CHECK(is_stopped(free_unaligned));
    CHECK(is_stopped(free_foreign));
    CHECK(is_stopped(free_end_marker));
    CHECK(is_stopped(free_after_stop));
    CHECK(is_stopped(free_own_header_damaged));
    CHECK(is_stopped(free_overrun));
    CHECK(is_stopped(free_too_much_wiped));
    CHECK(is_stopped(take_from_damaged_link));
    CHECK(is_stopped(take_from_damaged_hole));
    CHECK(is_stopped(take_damaged_block_that_was_kept));
    CHECK(is_stopped(need_damaged_block_that_was_kept));
}

static void check_finds_damage(void)
{
    REQUIRE(start_with_three());
    CHECK(arena_check());
    scribble(b + 24, 4);
    CHECK(!arena_check());
    arena_stop();
    REQUIRE(start_with_three());
    make_hole_of_b();
    CHECK(arena_check());
    scribble(b, 4);
    CHECK(!arena_check());
    arena_stop();
    REQUIRE(start_with_three());
    picket_arena_free(b);
    CHECK(arena_check());
    scribble(b - 8, 4);
    CHECK(!arena_check());
    arena_stop();
}

// --- Growing

static bool grows_to(uint8_t **p, size_t old, size_t size)
{
    uint8_t *grown = arena_grow(*p, old, size);
    if (grown == NULL)
        return false;
    *p = grown;
    bool kept = is_all(grown, old, 0xa5) && is_all(grown + old, size - old, 0);
    memset(grown, 0xa5, size);
    return kept && arena_check();
}

static void a_large_block_grows_in_place(void)
{
    uint8_t *p = NULL;
    REQUIRE(arena_start(memory, ARENA));
    size_t old = 0;
    for (size_t size = ARENA_LARGE; size < ARENA - 4096; size += 777) {
        CHECK(grows_to(&p, old, size));
        CHECK(arena_peak() < size + 256); // never both at once
        old = size;
    }
    picket_arena_free(p);
    CHECK_INT(arena_used(), 0);
    arena_stop();
}

static void a_block_grows_whatever_is_around_it(void)
{
    uint8_t *around[64] = {NULL}, *p = NULL;
    REQUIRE(arena_start(memory, ARENA));
    random_state = 7;
    for (int round = 0; round < 2000; round++) {
        size_t i = random_below(64), old = random_below(900), size = old + random_below(3000);
        picket_arena_free(around[i]);
        around[i] = picket_arena_calloc(1, random_below(2000));
        if (old == 0)
            continue;
        p = picket_arena_calloc(1, old);
        REQUIRE(p != NULL);
        memset(p, 0xa5, old);
        CHECK(grows_to(&p, old, size));
        picket_arena_free(p);
    }
    for (size_t i = 0; i < 64; i++)
        picket_arena_free(around[i]);
    CHECK_INT(arena_used(), 0);
    arena_stop();
}

static void what_cannot_grow_stays(void)
{
    REQUIRE(arena_start(memory, ARENA));
    uint8_t *p = picket_arena_calloc(1, 2000);
    memset(p, 0xa5, 2000);
    CHECK(arena_grow(p, 2000, ARENA) == NULL);
    arena_fail_at(1);
    CHECK(arena_grow(p, 2000, 3000) == NULL);
    CHECK_INT(arena_failures(), 2);
    arena_fail_at(1);
    CHECK(arena_grow(p, 2000, 2000) == NULL); // where no other place is needed, too
    CHECK_INT(arena_failures(), 3);
    CHECK(is_all(p, 2000, 0xa5) && arena_check());
    picket_arena_free(p);
    arena_stop();
}

// --- Blocks that are kept

// The next of that size gets the same place; all of the memory is there for whoever needs it.
static void what_is_kept_is_used_again(void)
{
    REQUIRE(arena_start(memory, ARENA));
    void *blocks[31];
    size_t used = arena_used();
    for (size_t i = 0; i < 31; i++)
        blocks[i] = picket_arena_calloc(1, 8 * i + 1);
    for (size_t i = 0; i < 31; i++)
        picket_arena_free(blocks[i]);
    CHECK(arena_used() == used && arena_check());
    for (size_t i = 1; i < 30; i++) {
        uint8_t *p = picket_arena_calloc(1, 8 * i + 1);
        CHECK((void *)p == blocks[i] && is_all(p, 8 * i + 1, 0));
        picket_arena_free(p);
    }
    void *all = picket_arena_calloc(1, ARENA - OVERHEAD);
    CHECK(all != NULL && arena_failures() == 0 && arena_check());
    picket_arena_free(all);
    arena_stop();
}

// --- Lending

// A record buffer of which the greater part is lent.
#define KEPT 3000u

static uint8_t *start_and_lend(void)
{
    if (!arena_start(memory, ARENA))
        return NULL;
    uint8_t *record = picket_arena_calloc(1, RECORD);
    memset(record, 0xa5, RECORD);
    return arena_lend(record + KEPT, RECORD - KEPT) ? record : NULL;
}

static void what_is_lent_is_used_first(void)
{
    uint8_t *record = start_and_lend();
    REQUIRE(record != NULL);
    size_t used = arena_used();
    uint8_t *p = arena_calloc_short(1, 5000);
    CHECK(p > record + KEPT && p + 5000 <= record + RECORD && is_all(p, 5000, 0));
    CHECK(arena_used() == used && arena_check());
    uint8_t *small = arena_calloc_short(1, ARENA_LENT_MIN - 1); // may be there to stay
    CHECK(small < record || small > record + RECORD);
    uint8_t *more = arena_calloc_short(1, 10000); // no room
    CHECK(more != NULL && (more < record || more > record + RECORD));
    CHECK(is_all(record, KEPT, 0xa5));
    picket_arena_free(p);
    picket_arena_free(small);
    picket_arena_free(more);
    CHECK(arena_used() == used && arena_check() && arena_reclaim());
    picket_arena_free(record);
    CHECK(arena_used() == 0 && arena_check());
    arena_stop();
}

static void what_is_lent_and_in_use_is_not_reclaimed(void)
{
    uint8_t *record = start_and_lend();
    REQUIRE(record != NULL);
    CHECK(!arena_lend(record + KEPT, RECORD - KEPT)); // once is enough
    void *p = arena_calloc_short(3, 100);
    CHECK(!arena_reclaim());
    picket_arena_free(p);
    CHECK(arena_reclaim() && arena_reclaim());
    memset(record, 0x5a, RECORD); // all of it is the owner's again
    p = arena_calloc_short(3, 100);
    CHECK((uint8_t *)p < record || (uint8_t *)p > record + RECORD);
    CHECK(arena_lend(record + KEPT, RECORD - KEPT));
    arena_stop(); // whatever has been lent
    CHECK(arena_start(memory, ARENA) && arena_reclaim());
    arena_stop();
}

static void wipes_what_is_secret_in_lent_memory_too(void)
{
    uint8_t *record = start_and_lend();
    REQUIRE(record != NULL);
    uint8_t *first = arena_calloc_short(1, 300), *second = arena_calloc_short(1, 300);
    arena_free_wiped(second, 300);
    arena_free_wiped(first, 300);
    CHECK(arena_check() && arena_reclaim());
    arena_stop();
}

static void lends_pieces_of_any_place_and_size(void)
{
    for (size_t at = 0; at < 16; at++) {
        for (size_t len = 0; len < 600; len += 1 + len / 64) {
            REQUIRE(arena_start(memory, ARENA));
            uint8_t *record = picket_arena_calloc(1, RECORD);
            if (arena_lend(record + at, len)) {
                uint8_t *p = arena_calloc_short(1, ARENA_LENT_MIN);
                bool inside = p > record + at && p + ARENA_LENT_MIN <= record + at + len;
                CHECK(inside || p < record || p > record + RECORD);
                picket_arena_free(p);
                CHECK(arena_check() && arena_reclaim());
            }
            arena_stop();
        }
    }
}

int main(void)
{
    RUN(what_is_kept_is_used_again);
    RUN(what_is_lent_is_used_first);
    RUN(what_is_lent_and_in_use_is_not_reclaimed);
    RUN(wipes_what_is_secret_in_lent_memory_too);
    RUN(lends_pieces_of_any_place_and_size);
    RUN(survives_a_long_random_life);
    RUN(recovers_from_exhaustion);
    RUN(refuses_sizes_that_overflow);
    RUN(nothing_is_a_block_too);
    RUN(starts_in_any_place_and_size);
    RUN(one_at_a_time);
    RUN(large_from_high_small_from_low);
    RUN(small_blocks_keep_out_of_a_records_place);
    RUN(counts_what_is_used);
    RUN(fails_when_told);
    RUN(a_large_block_grows_in_place);
    RUN(a_block_grows_whatever_is_around_it);
    RUN(what_cannot_grow_stays);
    RUN(stop_wipes_every_byte);
    RUN(wipes_what_is_secret);
#ifdef __SANITIZE_ADDRESS__
    RUN(poisons_what_is_not_allocated);
#endif
    RUN(damage_stops_the_program);
    RUN(check_finds_damage);
    return check_done();
}
