// A queue of bytes: what goes in comes out, in order, and full is not an error.
#include "bufq.h"

#include <stdlib.h>

#include "check.h"

#define CAP 8

static uint8_t memory[CAP];

static bufq_t make(void)
{
    memset(memory, 0xee, sizeof memory);
    return (bufq_t){.data = memory, .cap = CAP};
}

static void starts_empty(void)
{
    bufq_t q = make();
    size_t len = 99;
    uint8_t byte;
    CHECK(bufq_empty(&q));
    (void)bufq_front(&q, &len);
    CHECK_INT(len, 0);
    CHECK_INT(bufq_get(&q, &byte, 1), 0);
    CHECK(bufq_space(&q, &len) == memory);
    CHECK_INT(len, CAP);
}

static void takes_no_more_than_there_is_room(void)
{
    bufq_t q = make();
    size_t room = 99;
    CHECK_INT(bufq_put(&q, (const uint8_t *)"0123456789", 10), CAP);
    CHECK(!bufq_empty(&q));
    (void)bufq_space(&q, &room);
    CHECK_INT(room, 0);
    CHECK_INT(bufq_put(&q, (const uint8_t *)"x", 1), 0);
}

static void gives_no_more_than_there_is(void)
{
    bufq_t q = make();
    uint8_t out[CAP];
    bufq_put(&q, (const uint8_t *)"abc", 3);
    CHECK_INT(bufq_get(&q, out, 2), 2);
    CHECK_MEM(out, "ab", 2);
    CHECK_INT(bufq_get(&q, out, sizeof out), 1);
    CHECK_MEM(out, "c", 1);
    CHECK(bufq_empty(&q));
    size_t room;
    CHECK(bufq_space(&q, &room) == memory);
    CHECK_INT(room, CAP); // an empty one has all its room in one piece
}

// Room at the front that was taken counts again once the end is reached.
static void finds_its_room_again(void)
{
    bufq_t q = make();
    uint8_t out[CAP];
    size_t room;
    bufq_put(&q, (const uint8_t *)"abcdefgh", 8);
    bufq_get(&q, out, 3);
    (void)bufq_space(&q, &room);
    CHECK_INT(room, 3);
    CHECK_INT(bufq_put(&q, (const uint8_t *)"ijkl", 4), 3);
    CHECK_INT(bufq_get(&q, out, CAP), CAP);
    CHECK_MEM(out, "defghijk", 8);
}

// Never so that there is room in the queue and none is offered.
static void offers_room_whenever_it_is_not_full(void)
{
    for (size_t put = 0; put <= CAP; put++) {
        for (size_t taken = 0; taken <= put; taken++) {
            bufq_t q = make();
            size_t room;
            bufq_put(&q, (const uint8_t *)"abcdefgh", put);
            bufq_taken(&q, taken);
            (void)bufq_space(&q, &room);
            CHECK((room == 0) == (put - taken == CAP));
        }
    }
}

static void lends_its_memory(void)
{
    bufq_t q = make();
    size_t room, len;
    uint8_t *space = bufq_space(&q, &room);
    memcpy(space, "hello", 5);
    bufq_added(&q, 5);
    const uint8_t *front = bufq_front(&q, &len);
    CHECK_INT(len, 5);
    CHECK_MEM(front, "hello", 5);
    bufq_taken(&q, 4);
    front = bufq_front(&q, &len);
    CHECK_INT(len, 1);
    CHECK_MEM(front, "o", 1);
}

// --- The same as a long row of bytes, whatever the order of putting and getting

static uint32_t random_state = 1;

static size_t below(size_t n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % n;
}

static size_t put_some(bufq_t *q, size_t number)
{
    uint8_t bytes[CAP + 3];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(number + i);
    return bufq_put(q, bytes, 1 + below(sizeof bytes));
}

static size_t get_some(bufq_t *q, size_t number)
{
    uint8_t bytes[CAP + 3];
    size_t n = bufq_get(q, bytes, 1 + below(sizeof bytes));
    for (size_t i = 0; i < n; i++)
        CHECK_INT(bytes[i], (uint8_t)(number + i));
    return n;
}

static void shuffle(size_t cap)
{
    size_t in = 0, out = 0;
    uint8_t *data = malloc(cap);
    REQUIRE(data != NULL);
    bufq_t q = {.data = data, .cap = cap};
    for (int i = 0; i < 2000; i++) {
        if (below(2) == 0)
            in += put_some(&q, in);
        else
            out += get_some(&q, out);
        CHECK_INT(q.len, in - out);
        CHECK(q.at + q.len <= q.cap);
    }
    CHECK(in > 500);
    free(data);
}

static void keeps_order_and_number(void)
{
    for (size_t cap = 1; cap <= CAP; cap++)
        shuffle(cap);
}

int main(void)
{
    RUN(starts_empty);
    RUN(takes_no_more_than_there_is_room);
    RUN(gives_no_more_than_there_is);
    RUN(finds_its_room_again);
    RUN(offers_room_whenever_it_is_not_full);
    RUN(lends_its_memory);
    RUN(keeps_order_and_number);
    return check_done();
}
