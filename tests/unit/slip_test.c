// Packets on a serial line: what is encoded comes back, whatever the line adds, cuts or spoils. And the queue of
// what waits for it.
#include "slip.h"

#include <stdlib.h>

#include "check.h"
#include "queue.h"

enum { END = 0xc0, ESC = 0xdb, ESC_END = 0xdc, ESC_ESC = 0xdd };

static struct slip_decoder decoder;

static struct {
    size_t count, len; // packets, and the length of the last
    uint8_t last[SLIP_MTU];
} got;

static void start(void)
{
    memset(&decoder, 0, sizeof decoder);
    memset(&got, 0, sizeof got);
}

static void feed(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t len = slip_decode(&decoder, bytes[i]);
        if (len == 0)
            continue;
        REQUIRE(len <= SLIP_MTU);
        memcpy(got.last, decoder.packet, len);
        got.len = len;
        got.count++;
    }
}

#define FEED(...) feed((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void check_got(size_t count, const void *last, size_t len, unsigned long dropped)
{
    CHECK_INT(got.count, count);
    CHECK_INT(got.len, len);
    CHECK_MEM(got.last, last, len);
    CHECK_INT(decoder.dropped, dropped);
}

// --- Encoding

static void encodes_as_rfc_1055_says(void)
{
    const uint8_t packet[] = {1, END, 2, ESC, 3, ESC_END, ESC_ESC};
    const uint8_t wanted[] = {END, 1, ESC, ESC_END, 2, ESC, ESC_ESC, 3, ESC_END, ESC_ESC, END};
    uint8_t out[SLIP_ENCODED(sizeof packet)];
    REQUIRE_INT(slip_encode(packet, sizeof packet, out), sizeof wanted);
    CHECK_MEM(out, wanted, sizeof wanted);
}

// out has no byte more than that, for the address sanitizer to see.
static void never_needs_more_than_it_says(void)
{
    uint8_t packet[SLIP_MTU];
    uint8_t *out = malloc(SLIP_ENCODED(sizeof packet));
    REQUIRE(out != NULL);
    memset(packet, END, sizeof packet);
    CHECK_INT(slip_encode(packet, sizeof packet, out), SLIP_ENCODED(sizeof packet));
    memset(packet, ESC, sizeof packet);
    CHECK_INT(slip_encode(packet, sizeof packet, out), SLIP_ENCODED(sizeof packet));
    start();
    feed(out, SLIP_ENCODED(sizeof packet));
    check_got(1, packet, sizeof packet, 0);
    free(out);
}

// Nothing between the two ENDs may end a packet.
static void has_no_end_within(void)
{
    uint8_t packet[256], out[SLIP_ENCODED(256)];
    for (size_t i = 0; i < sizeof packet; i++)
        packet[i] = (uint8_t)i;
    size_t n = slip_encode(packet, sizeof packet, out);
    CHECK_INT(n, 256 + 2 + 2);
    for (size_t i = 1; i + 1 < n; i++)
        CHECK(out[i] != END);
}

// --- There and back

static void brings_back_every_byte_at_every_length(void)
{
    uint8_t packet[SLIP_MTU], out[SLIP_ENCODED(SLIP_MTU)];
    start();
    for (size_t len = 1; len <= SLIP_MTU; len++) {
        for (size_t i = 0; i < len; i++)
            packet[i] = (uint8_t)(i * 7 + len);
        feed(out, slip_encode(packet, len, out));
        check_got(len, packet, len, 0);
    }
}

static void brings_back_every_pair(void)
{
    uint8_t out[SLIP_ENCODED(2)];
    start();
    for (unsigned pair = 0; pair < 65536; pair++) {
        const uint8_t packet[2] = {(uint8_t)(pair >> 8), (uint8_t)pair};
        feed(out, slip_encode(packet, 2, out));
        check_got(pair + 1, packet, 2, 0);
    }
}

// Wherever the line breaks off: what comes after is whole.
static void recovers_from_a_cut_anywhere(void)
{
    const uint8_t first[] = {0x45, END, ESC, ESC_END, 9}, second[] = {0x46, ESC, END};
    uint8_t out[SLIP_ENCODED(8)], next[SLIP_ENCODED(8)];
    size_t n = slip_encode(first, sizeof first, out), m = slip_encode(second, sizeof second, next);
    for (size_t cut = 0; cut <= n; cut++) {
        start();
        feed(out, cut);
        CHECK(got.count == (cut == n));
        feed(next, m);
        CHECK(got.count + decoder.dropped == (cut > 1 ? 2 : 1));
        check_got(got.count, second, sizeof second, out[cut > 0 ? cut - 1 : 0] == ESC ? 1 : 0);
    }
}

static void loses_only_what_a_missing_byte_is_in(void)
{
    const uint8_t packet[] = {0x45, END, ESC, 9};
    uint8_t out[SLIP_ENCODED(4)];
    size_t n = slip_encode(packet, sizeof packet, out);
    for (size_t missing = 0; missing < n; missing++) {
        start();
        feed(out, missing);
        feed(out + missing + 1, n - missing - 1);
        feed(out, n);
        feed(out, n);
        CHECK(got.count + decoder.dropped >= 2 && got.count >= 1);
        check_got(got.count, packet, sizeof packet, decoder.dropped);
    }
}

// --- What is no packet

static void runs_of_end_are_nothing(void)
{
    start();
    FEED(END, END, END, END, END);
    CHECK_INT(got.count, 0);
    FEED(1, END, END, END, 2, 3, END, END);
    check_got(2, "\2\3", 2, 0);
}

static void needs_no_end_in_front(void)
{
    start();
    FEED(1, 2, END, 3, END);
    check_got(2, "\3", 1, 0);
}

static void drops_one_byte_too_many(void)
{
    uint8_t packet[SLIP_MTU + 1];
    memset(packet, 'x', sizeof packet);
    start();
    feed(packet, SLIP_MTU);
    FEED(END);
    check_got(1, packet, SLIP_MTU, 0);
    feed(packet, SLIP_MTU + 1);
    FEED(END);
    check_got(1, packet, SLIP_MTU, 1);
    FEED('y', END);
    check_got(2, "y", 1, 1);
}

static void counts_escaped_bytes_once(void)
{
    start();
    for (unsigned i = 0; i < SLIP_MTU; i++)
        FEED(ESC, ESC_END);
    FEED(END);
    CHECK_INT(got.len, SLIP_MTU);
    for (unsigned i = 0; i < SLIP_MTU + 1; i++)
        FEED(ESC, ESC_ESC);
    FEED(END);
    CHECK_INT(got.count, 1);
    CHECK_INT(decoder.dropped, 1);
}

// One, however long: it is one packet.
static void drops_a_packet_without_end_once(void)
{
    start();
    for (int i = 0; i < 100000; i++)
        FEED(0xff);
    CHECK_INT(decoder.len, SLIP_MTU);
    CHECK_INT(decoder.dropped, 0);
    FEED(END, END, 7, END);
    check_got(1, "\7", 1, 1);
}

static void drops_every_broken_escape(void)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        bool fine = byte == ESC_END || byte == ESC_ESC;
        start();
        FEED(END, 1, ESC, (uint8_t)byte, 2, END);
        CHECK_INT(decoder.dropped, fine ? 0 : 1);
        CHECK_INT(got.count, fine || byte == END ? 1 : 0); // after END comes {2}
        FEED(5, 6, END);
        check_got(got.count, "\5\6", 2, fine ? 0 : 1);
    }
}

static void an_escape_at_the_end_spoils_its_packet_only(void)
{
    start();
    FEED(1, ESC, END, ESC_END, END);
    check_got(1, (const uint8_t[]){ESC_END}, 1, 1);
    FEED(ESC, END);
    check_got(1, (const uint8_t[]){ESC_END}, 1, 2);
}

static void a_spoiled_packet_stays_so_until_its_end(void)
{
    start();
    FEED(1, ESC, ESC, ESC_END, ESC, ESC_ESC, 4, END, 8, END);
    check_got(1, "\10", 1, 1);
}

static uint32_t random_state = 1;

static size_t below(size_t n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % n;
}

static void bears_noise(void)
{
    const uint8_t packet[] = {1, 2, END, ESC};
    uint8_t out[SLIP_ENCODED(4)];
    size_t n = slip_encode(packet, sizeof packet, out);
    for (int i = 0; i < 3000; i++) {
        start();
        for (size_t noise = below(300); noise > 0; noise--)
            FEED((uint8_t)(below(2) ? END + below(32) : below(256)));
        feed(out, n);
        CHECK_INT(got.len, sizeof packet);
        CHECK_MEM(got.last, packet, sizeof packet);
    }
}

// --- The queue

static struct queue queue;

static size_t put(size_t n, size_t number)
{
    uint8_t *space = queue_space(&queue, n + 2); // the room is what encoding needs at the most
    if (!space)
        return 0;
    for (size_t i = 0; i < n + 2; i++)
        space[i] = i < n ? (uint8_t)(number + i) : 0xee;
    queue_added(&queue, n);
    return n;
}

static size_t take(size_t n, size_t number)
{
    for (size_t i = 0; i < n; i++)
        CHECK_INT(queue.bytes[queue.at + i], (uint8_t)(number + i));
    queue_taken(&queue, n);
    return n;
}

static void keeps_order_and_number(void)
{
    size_t in = 0, out = 0;
    for (int i = 0; i < 5000; i++) {
        in += put(1 + below(3000), in);
        if (below(8) == 0)
            out += take(queue.len, out);
        else
            out += take(below(queue.len < 4000 ? queue.len + 1 : 4000), out);
        CHECK_INT(queue.len, in - out);
        CHECK(queue.at + queue.len <= queue.room);
        CHECK(queue.len > 0 || queue.at == 0);
    }
    queue_free(&queue);
    CHECK(queue.bytes == NULL && queue.len == 0 && queue.at == 0 && queue.room == 0);
}

// What goes through it does not make it grow: only what waits does.
static void uses_its_room_again(void)
{
    size_t in = put(3000, 0), out = 0;
    for (int i = 0; i < 1000; i++) {
        in += put(1000, in);
        out += take(1000, out);
    }
    CHECK(queue.room <= 8192);
    queue_free(&queue);
}

static void may_be_freed_twice_and_used_again(void)
{
    queue_free(&queue);
    queue_free(&queue);
    CHECK_INT(put(5000, 3), 5000);
    take(5000, 3);
    queue_free(&queue);
}

int main(void)
{
    RUN(encodes_as_rfc_1055_says);
    RUN(never_needs_more_than_it_says);
    RUN(has_no_end_within);
    RUN(brings_back_every_byte_at_every_length);
    RUN(brings_back_every_pair);
    RUN(recovers_from_a_cut_anywhere);
    RUN(loses_only_what_a_missing_byte_is_in);
    RUN(runs_of_end_are_nothing);
    RUN(needs_no_end_in_front);
    RUN(drops_one_byte_too_many);
    RUN(counts_escaped_bytes_once);
    RUN(drops_a_packet_without_end_once);
    RUN(drops_every_broken_escape);
    RUN(an_escape_at_the_end_spoils_its_packet_only);
    RUN(a_spoiled_packet_stays_so_until_its_end);
    RUN(bears_noise);
    RUN(keeps_order_and_number);
    RUN(uses_its_room_again);
    RUN(may_be_freed_twice_and_used_again);
    return check_done();
}
