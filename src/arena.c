// arena.c: one block of memory, handed out in pieces.
//
// Blocks lie one after the other. Each begins with two words: its own size with a tag in the low bits, and
// the size of the block before it, so that a freed block finds both neighbours and joins them at once. An end
// marker, never free, closes the row. Blocks are named by their offset from the first one: the links of the
// free lists are then as small as the smallest block's contents.
//
// Holes too small for a large block are kept in bins by size, and a small block takes the best fit among
// them. Holes that could hold a large block are one list in the order of addresses: a small block that finds
// nothing better cuts the lowest of them at its low end, a large block the highest that fits at its high end.
// Small blocks, long-lived ones too, thus stay out of the place that a record buffer needs.
//
// A small block that is freed is kept as it is, one of each size, for the next that asks for that size: arithmetic
// does little else than that. Before an allocation fails those are given back.
//
// Damage (a header overwritten, a block freed twice, a pointer that is not ours) stops the program: in a
// library that keeps keys, going on with a damaged heap is worse.
#include "arena.h"

#include <string.h>

#include "mbedtls/platform_util.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

// Under the address sanitizer everything that is not inside an allocation is poisoned, headers included.
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define POISON(p, n)   ASAN_POISON_MEMORY_REGION(p, n)
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#define UNCHECKED      __attribute__((no_sanitize_address))
#else
#define POISON(p, n)   ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#define UNCHECKED
#endif

#define ALIGN     8u
#define HEADER    8u
#define SMALLEST  16u                    // a header and two links
#define BIGGEST   0x7fffffffu            // bytes of arena, so that no sum of two sizes overflows
#define LARGE     (ARENA_LARGE + HEADER) // a hole of this size holds any small block

// What is left of a hole when a large block is cut from it stays with that block when it is no more than
// this. A small block in it would keep the hole from becoming whole again.
#define LEFTOVER  128u

// Tags: a header of zeros, or of text, is neither.
#define USED      5u
#define FREE      2u
#define KEPT      3u
#define TAG_MASK  7u

// Offsets inside a block.
#define BEFORE    4u // size of the block before, 0 for the first
#define NEXT      8u // links, while it is free
#define PREV      12u
#define NONE      UINT32_MAX

// Bins: one for each size below 256, one for each 64 bytes up to LARGE, and the list of the larger holes.
#define BIN_FINE  256u
#define BIN_STEP  64u
#define BIN_LARGE (BIN_FINE / ALIGN + (LARGE - BIN_FINE) / BIN_STEP + 1u)
#define BIN_WORDS (BIN_LARGE / 32u + 1u)

typedef uint32_t __attribute__((may_alias)) word_t;

typedef struct arena {
    uint8_t *base; // the first block; NULL: no arena
    uint32_t end;  // the end marker
    uint32_t used;
    uint32_t peak;
    uint32_t peak_ever; // since the start
    uint32_t failures;
    uint32_t fail_at;
    uint32_t bins[BIN_LARGE + 1];    // first of each list
    uint32_t map[BIN_WORDS];         // a bit for each bin with something in it
    uint32_t highest;                // last of the large holes
    uint32_t kept[BIN_FINE / ALIGN]; // a freed block of each size below BIN_FINE
    void *mem;                       // as it was given
    size_t len;
} arena_t;

// The arena, and the memory that has been lent (arena_lend). All below works on the one that `arena` points to.
static arena_t whole, lent;
static arena_t *arena = &whole;

static _Noreturn void fatal(void)
{
    __builtin_trap();
}

// --- Other contexts

static const picket_port_t *shared; // NULL: there is none

void arena_share(const picket_port_t *port)
{
    shared = port->guard != NULL ? port : NULL;
}

static void enter(void)
{
    if (shared != NULL)
        shared->guard(shared->ctx);
}

static void leave(void)
{
    if (shared != NULL)
        shared->unguard(shared->ctx);
}

bool arena_is_beside(void)
{
    return shared != NULL && shared->beside != NULL && shared->beside(shared->ctx);
}

// --- Blocks

UNCHECKED static uint32_t get(uint32_t at)
{
    return *(const word_t *)(const void *)(arena->base + at);
}

UNCHECKED static void put(uint32_t at, uint32_t value)
{
    *(word_t *)(void *)(arena->base + at) = value;
}

static uint32_t size_of(uint32_t at)
{
    return get(at) & ~TAG_MASK;
}

static bool is_tagged(uint32_t at, uint32_t tag)
{
    return (get(at) & TAG_MASK) == tag;
}

// Write a block's size to both places where it stands.
static void set_block(uint32_t at, uint32_t size, uint32_t tag)
{
    put(at, size | tag);
    put(at + size + BEFORE, size);
}

// A header that has become the inside of a block, so that freeing it again is noticed.
static void erase_header(uint32_t at)
{
    put(at, 0);
    put(at + BEFORE, 0);
}

// Whether a block's header agrees with those of its neighbours.
static bool is_sound(uint32_t at)
{
    uint32_t size = size_of(at);
    uint32_t before = get(at + BEFORE);
    if (size < SMALLEST || size > arena->end - at || get(at + size + BEFORE) != size)
        return false;
    if (before == 0)
        return at == 0;
    return before % ALIGN == 0 && before <= at && size_of(at - before) == before;
}

static bool is_hole(uint32_t at)
{
    return at < arena->end && at % ALIGN == 0 && is_tagged(at, FREE) && is_sound(at);
}

// --- Free lists

static uint32_t bin_of(uint32_t size)
{
    if (size < BIN_FINE)
        return size / ALIGN;
    if (size < LARGE)
        return BIN_FINE / ALIGN + (size - BIN_FINE) / BIN_STEP;
    return BIN_LARGE;
}

static void mark_bin(uint32_t bin)
{
    uint32_t bit = (uint32_t)1 << bin % 32;
    if (arena->bins[bin] == NONE)
        arena->map[bin / 32] &= ~bit;
    else
        arena->map[bin / 32] |= bit;
}

// Number of the lowest bit set in a word that is not 0. Written out, since a Cortex-M0+ has no instruction
// for it.
static uint32_t lowest_bit(uint32_t word)
{
    uint32_t n = 0;
    for (uint32_t width = 16; width != 0; width /= 2) {
        if ((word & (((uint32_t)1 << width) - 1)) == 0) {
            word >>= width;
            n += width;
        }
    }
    return n;
}

// The first hole in this bin or, when it is empty, in the next one that is not.
static uint32_t first_from(uint32_t bin)
{
    uint32_t word = bin / 32;
    uint32_t bits = arena->map[word] & (UINT32_MAX << bin % 32);
    while (bits == 0) {
        if (++word == BIN_WORDS)
            return NONE;
        bits = arena->map[word];
    }
    return arena->bins[word * 32 + lowest_bit(bits)];
}

// The hole after which one at this address belongs: large holes are in order, the others are stacked.
static uint32_t place_in(uint32_t bin, uint32_t at)
{
    uint32_t prev = NONE;
    if (bin != BIN_LARGE)
        return NONE;
    for (uint32_t next = arena->bins[bin]; next != NONE && next < at; next = get(next + NEXT)) {
        if (!is_hole(next))
            fatal();
        prev = next;
    }
    return prev;
}

// Let next follow prev in a bin; NONE is its beginning or its end.
static void join(uint32_t bin, uint32_t prev, uint32_t next)
{
    if (prev == NONE)
        arena->bins[bin] = next;
    else
        put(prev + NEXT, next);
    if (next != NONE)
        put(next + PREV, prev);
    else if (bin == BIN_LARGE)
        arena->highest = prev;
}

// Make a hole of this size and list it.
static void add_hole(uint32_t at, uint32_t size)
{
    uint32_t bin = bin_of(size);
    uint32_t prev = place_in(bin, at);
    uint32_t next = prev == NONE ? arena->bins[bin] : get(prev + NEXT);
    set_block(at, size, FREE);
    join(bin, prev, at);
    join(bin, at, next);
    mark_bin(bin);
}

static bool is_linked(uint32_t at)
{
    uint32_t next = get(at + NEXT);
    uint32_t prev = get(at + PREV);
    if (prev == NONE ? arena->bins[bin_of(size_of(at))] != at : !is_hole(prev) || get(prev + NEXT) != at)
        return false;
    return next == NONE || (is_hole(next) && get(next + PREV) == at);
}

static void remove_hole(uint32_t at)
{
    if (!is_hole(at) || !is_linked(at))
        fatal();
    uint32_t bin = bin_of(size_of(at));
    join(bin, get(at + PREV), get(at + NEXT));
    mark_bin(bin);
}

// Make a hole of a block, together with the holes beside it.
static void add_joined(uint32_t at, uint32_t size)
{
    uint32_t before = get(at + BEFORE), next = at + size;
    if (is_tagged(next, FREE)) {
        remove_hole(next);
        size += size_of(next);
        erase_header(next);
    }
    if (before != 0 && is_tagged(at - before, FREE)) {
        remove_hole(at - before);
        erase_header(at);
        at -= before;
        size += before;
    }
    add_hole(at, size);
}

// --- Blocks that are kept

static bool keep(uint32_t at, uint32_t size)
{
    if (size >= BIN_FINE || arena->kept[size / ALIGN] != NONE)
        return false;
    put(at, size | KEPT);
    arena->kept[size / ALIGN] = at;
    return true;
}

// True when there was one.
static bool give_back_kept(void)
{
    bool any = false;
    for (uint32_t i = 0; i < BIN_FINE / ALIGN; i++) {
        uint32_t at = arena->kept[i];
        if (at == NONE)
            continue;
        if (!is_tagged(at, KEPT) || !is_sound(at))
            fatal();
        arena->kept[i] = NONE;
        add_joined(at, size_of(at));
        any = true;
    }
    return any;
}

// --- Taking

static uint32_t find_small(uint32_t size)
{
    uint32_t bin = bin_of(size);
    if (bin == BIN_LARGE)
        return arena->bins[bin];
    for (uint32_t at = arena->bins[bin]; at != NONE; at = get(at + NEXT)) {
        if (!is_hole(at))
            fatal();
        if (size_of(at) >= size)
            return at;
    }
    return first_from(bin + 1);
}

static uint32_t find_large(uint32_t size)
{
    uint32_t at = arena->highest;
    while (at != NONE) {
        if (!is_hole(at))
            fatal();
        if (size_of(at) >= size)
            break;
        at = get(at + PREV);
    }
    return at;
}

// Cut a block from the low end of a hole.
static uint32_t cut_low(uint32_t at, uint32_t size)
{
    uint32_t rest = size_of(at) - size;
    remove_hole(at);
    if (rest < SMALLEST) {
        set_block(at, size + rest, USED);
        return at;
    }
    set_block(at, size, USED);
    add_hole(at + size, rest);
    return at;
}

// Cut a block from the high end of a hole.
static uint32_t cut_high(uint32_t at, uint32_t size)
{
    uint32_t rest = size_of(at) - size;
    remove_hole(at);
    if (rest <= LEFTOVER) {
        set_block(at, size + rest, USED);
        return at;
    }
    set_block(at + rest, size, USED);
    add_hole(at, rest);
    return at + rest;
}

// The size of a block with this much room in it.
static uint32_t block_size(size_t bytes)
{
    uint32_t size = ((uint32_t)bytes + HEADER + ALIGN - 1) & ~(ALIGN - 1);
    return size < SMALLEST ? SMALLEST : size;
}

static void count(uint32_t more)
{
    arena->used += more;
    if (arena->used > arena->peak)
        arena->peak = arena->used;
    if (arena->used > arena->peak_ever)
        arena->peak_ever = arena->used;
}

// A hole for a block of this size, and the block cut from it.
static uint32_t cut(uint32_t size, bool large)
{
    uint32_t at = large ? find_large(size) : find_small(size);
    if (at == NONE)
        return NONE;
    return large ? cut_high(at, size) : cut_low(at, size);
}

static uint32_t take_kept(uint32_t size)
{
    uint32_t *kept = size < BIN_FINE ? &arena->kept[size / ALIGN] : NULL;
    if (kept == NULL || *kept == NONE)
        return NONE;
    uint32_t at = *kept;
    if (!is_tagged(at, KEPT) || !is_sound(at))
        fatal();
    *kept = NONE;
    put(at, size | USED);
    return at;
}

static uint32_t take(size_t bytes)
{
    bool large = bytes >= ARENA_LARGE;
    uint32_t size = block_size(bytes);
    uint32_t at = take_kept(size);
    if (at == NONE)
        at = cut(size, large);
    if (at == NONE && give_back_kept())
        at = cut(size, large);
    if (at != NONE)
        count(size_of(at));
    return at;
}

// n * size. False when that is more than any arena has; two factors below 2^16 need no division to tell.
static bool multiply(size_t n, size_t size, size_t *bytes)
{
    if ((n | size) > 0xffff && size != 0 && n > SIZE_MAX / size)
        return false;
    *bytes = n * size;
    return *bytes < BIGGEST - SMALLEST;
}

static bool is_told_to_fail(void)
{
    return arena->fail_at != 0 && --arena->fail_at == 0;
}

static void *contents(uint32_t at, size_t bytes)
{
    uint8_t *p = arena->base + at + HEADER;
    UNPOISON(p, bytes);
    return p;
}

static void *zeroed(void *p, size_t bytes)
{
    return p != NULL ? memset(p, 0, bytes) : NULL;
}

// What fails for others is not the business of who asks for failures.
static void *take_whole(size_t n, size_t size, size_t *bytes)
{
    uint32_t at = NONE;
    if (!is_told_to_fail() && arena->base != NULL && multiply(n, size, bytes))
        at = take(*bytes);
    if (at != NONE)
        return contents(at, *bytes);
    if (!arena_is_beside())
        whole.failures++;
    return NULL;
}

void *picket_arena_calloc(size_t n, size_t size)
{
    size_t bytes = 0;
    enter();
    void *p = take_whole(n, size, &bytes);
    leave();
    return zeroed(p, bytes);
}

// --- Lending

static void *take_lent(size_t n, size_t size, size_t *bytes)
{
    if (lent.base == NULL || whole.fail_at != 0 || !multiply(n, size, bytes) || *bytes < ARENA_LENT_MIN)
        return NULL;
    arena = &lent;
    uint32_t at = take(*bytes);
    void *p = at != NONE ? contents(at, *bytes) : NULL;
    arena = &whole;
    return p;
}

void *arena_calloc_short(size_t n, size_t size)
{
    size_t bytes = 0;
    enter();
    void *p = take_lent(n, size, &bytes);
    if (p == NULL)
        p = take_whole(n, size, &bytes);
    leave();
    return zeroed(p, bytes);
}

// --- Giving back

// The block whose contents p points to.
static uint32_t block_at(const void *p)
{
    uintptr_t offset = (uintptr_t)p - (uintptr_t)arena->base;
    if (arena->base == NULL || offset % ALIGN != 0 || offset < HEADER || offset >= arena->end)
        fatal();
    uint32_t at = (uint32_t)offset - HEADER;
    if (!is_tagged(at, USED) || !is_sound(at))
        fatal();
    return at;
}

static void give_back(void *p)
{
    uint32_t at = block_at(p);
    uint32_t size = size_of(at);
    arena->used -= size;
    POISON(p, size - HEADER);
    if (!keep(at, size))
        add_joined(at, size);
}

static bool is_lent(const void *p)
{
    return lent.base != NULL && (uintptr_t)p - (uintptr_t)lent.mem < lent.len;
}

static void choose(const void *p)
{
    enter();
    arena = is_lent(p) ? &lent : &whole;
}

static void done(void)
{
    arena = &whole;
    leave();
}

void picket_arena_free(void *p)
{
    if (p == NULL)
        return;
    choose(p);
    give_back(p);
    done();
}

static size_t room_of(const void *p)
{
    choose(p);
    size_t room = size_of(block_at(p)) - HEADER;
    done();
    return room;
}

void arena_free_wiped(void *p, size_t size)
{
    if (p == NULL)
        return;
    if (size > room_of(p))
        fatal();
    UNPOISON(p, size); // a stack has poisoned places of its own
    mbedtls_platform_zeroize(p, size);
    picket_arena_free(p);
}

// --- Growing

// The hole in front of a block and the block together, as one block of this size at their end; NONE when they
// are too small. The contents move down with it.
static uint32_t grow_down(uint32_t at, size_t old, uint32_t size)
{
    uint32_t have = size_of(at), before = get(at + BEFORE), hole = at - before;
    if (before == 0 || !is_tagged(hole, FREE) || have + before < size)
        return NONE;
    uint32_t rest = have + before - size;
    remove_hole(hole);
    if (rest < SMALLEST) {
        size += rest;
        rest = 0;
    }
    uint32_t to = hole + rest;
    UNPOISON(arena->base + to + HEADER, old);
    memmove(arena->base + to + HEADER, arena->base + at + HEADER, old);
    set_block(to, size, USED);
    if (rest != 0)
        add_hole(hole, rest);
    count(size - have);
    return to;
}

static void *grow_by_copy(void *p, size_t old, size_t bytes)
{
    void *q = picket_arena_calloc(1, bytes);
    if (q != NULL && p != NULL) {
        memcpy(q, p, old);
        picket_arena_free(p);
    }
    return q;
}

// NULL: there is no room for it where it is.
static void *grow_in_place(void *p, size_t old, size_t bytes)
{
    uint32_t at = block_at(p), size = block_size(bytes);
    if (old > bytes || old > size_of(at) - HEADER)
        fatal();
    if (arena->fail_at == 1)
        return NULL; // and the copy fails
    if (size > size_of(at)) {
        uint32_t to = grow_down(at, old, size);
        if (to == NONE && give_back_kept())
            to = grow_down(at, old, size);
        if (to == NONE)
            return NULL;
        at = to;
    }
    if (arena->fail_at != 0)
        arena->fail_at--;
    uint8_t *grown = contents(at, bytes);
    POISON(grown + bytes, size_of(at) - HEADER - bytes);
    return grown;
}

void *arena_grow(void *p, size_t old, size_t bytes)
{
    if (p == NULL || bytes >= BIGGEST - SMALLEST)
        return grow_by_copy(p, old, bytes);
    enter();
    uint8_t *grown = grow_in_place(p, old, bytes);
    leave();
    if (grown == NULL)
        return grow_by_copy(p, old, bytes);
    memset(grown + old, 0, bytes - old);
    return grown;
}

// --- The whole

static bool lay_out(void *mem, size_t len)
{
    size_t skip = (ALIGN - (uintptr_t)mem % ALIGN) % ALIGN;
    if (arena->base != NULL || mem == NULL || len > BIGGEST || len < skip + SMALLEST + HEADER)
        return false;
    memset(arena, 0, sizeof *arena);
    memset(arena->bins, 0xff, sizeof arena->bins);
    memset(arena->kept, 0xff, sizeof arena->kept);
    arena->highest = NONE;
    arena->mem = mem;
    arena->len = len;
    arena->base = (uint8_t *)mem + skip;
    arena->end = ((uint32_t)(len - skip) & ~(ALIGN - 1)) - HEADER;
    POISON(arena->base, arena->end + HEADER);
    put(arena->end, HEADER | USED);
    put(BEFORE, 0);
    add_hole(0, arena->end);
    return true;
}

bool arena_start(void *mem, size_t len)
{
    return lay_out(mem, len);
}

bool arena_lend(void *mem, size_t len)
{
    enter();
    arena = &lent;
    bool good = lay_out(mem, len);
    done();
    return good;
}

static bool take_back(void)
{
    if (lent.base == NULL)
        return true;
    if (lent.used != 0)
        return false;
    UNPOISON(lent.mem, lent.len);
    lent.base = NULL;
    return true;
}

bool arena_reclaim(void)
{
    enter();
    bool back = take_back();
    leave();
    return back;
}

void arena_stop(void)
{
    if (arena->base == NULL)
        return;
    lent.base = NULL;
    UNPOISON(arena->base, arena->end + HEADER);
    mbedtls_platform_zeroize(arena->mem, arena->len);
    arena->base = NULL;
    arena->used = 0;
    shared = NULL;
}

size_t arena_used(void)
{
    enter();
    size_t used = whole.used;
    leave();
    return used;
}

size_t arena_peak(void)
{
    return whole.peak;
}

size_t arena_peak_ever(void)
{
    return whole.peak_ever;
}

void arena_peak_reset(void)
{
    whole.peak = whole.used;
}

uint32_t arena_failures(void)
{
    return whole.failures;
}

void arena_fail_at(uint32_t n)
{
    whole.fail_at = n;
}

// --- Checking

static bool is_kept(uint32_t at)
{
    uint32_t size = size_of(at);
    return size < BIN_FINE && arena->kept[size / ALIGN] == at;
}

// Walk the row of blocks. Two holes side by side would be damage too: they are joined when they are made.
static bool check_blocks(uint32_t *holes)
{
    uint32_t used = 0;
    bool was_hole = false;
    for (uint32_t at = 0; at != arena->end; at += size_of(at)) {
        bool hole = is_tagged(at, FREE), kept = is_tagged(at, KEPT);
        if (!is_sound(at) || (hole && was_hole) || (kept && !is_kept(at)) ||
            (!hole && !kept && !is_tagged(at, USED)))
            return false;
        used += hole || kept ? 0 : size_of(at);
        *holes += hole;
        was_hole = hole;
    }
    return used == arena->used && get(arena->end) == (HEADER | USED);
}

// Walk one list, taking what is in it off the number of holes; a ring of links runs out of holes.
static bool check_bin(uint32_t bin, uint32_t *holes)
{
    uint32_t last = NONE;
    for (uint32_t at = arena->bins[bin]; at != NONE; at = get(at + NEXT)) {
        if (!is_hole(at) || bin_of(size_of(at)) != bin || get(at + PREV) != last || (*holes)-- == 0)
            return false;
        if (bin == BIN_LARGE && last != NONE && last > at)
            return false;
        last = at;
    }
    bool marked = (arena->map[bin / 32] >> bin % 32 & 1) != 0;
    return marked == (last != NONE) && (bin != BIN_LARGE || arena->highest == last);
}

static bool check(void)
{
    uint32_t holes = 0;
    if (arena->base == NULL)
        return true;
    if (!check_blocks(&holes))
        return false;
    for (uint32_t bin = 0; bin <= BIN_LARGE; bin++) {
        if (!check_bin(bin, &holes))
            return false;
    }
    return holes == 0;
}

bool arena_check(void)
{
    enter();
    bool sound = check();
    arena = &lent;
    sound = check() && sound;
    done();
    return sound;
}
