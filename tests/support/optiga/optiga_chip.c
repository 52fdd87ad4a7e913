#include "optiga_chip.h"

#include <stdlib.h>
#include <string.h>

#define FRAMES  8
#define GIVEN   4096
#define APDU    1600
#define UNIT_US 25 // a byte at 400 kHz, with its acknowledgement

struct chip_settings chip;

static struct {
    chip_faults_t faults;
    uint32_t random, gives;
    uint64_t us, ready_at, sent_at;
    uint8_t selected;
    uint16_t agreed;
    unsigned done[128];
    // Data link
    uint8_t rx_nr, tx_nr; // last good one received, last one sent
    struct frame {
        uint8_t bytes[300];
        size_t len;
    } queue[FRAMES]; // to be read
    size_t queued;
    struct frame last; // data, until it is acknowledged
    bool waiting;
    unsigned repeats;
    // Transport
    uint8_t command[APDU], answer[APDU];
    size_t command_len, answer_len, answered;
    bool in_chain, answering;
    // Application
    bool open;
    uint8_t error;
    struct given {
        uint8_t bytes[256];
        size_t len;
        bool taken;
    } given[GIVEN];
    size_t given_count;
} c;

// --- Chance

static uint32_t next_random(void)
{
    c.random ^= c.random << 13;
    c.random ^= c.random >> 17;
    return c.random ^= c.random << 5;
}

static bool happens(uint16_t thousandths)
{
    return thousandths != 0 && next_random() % 1000 < thousandths;
}

static void damage(struct frame *f)
{
    if (f->len == 0 || !happens(c.faults.flip))
        return;
    for (unsigned i = 1 + next_random() % 2; i > 0; i--)
        f->bytes[next_random() % f->len] ^= (uint8_t)(1U << next_random() % 8);
}

// --- Frames

// x^16 + x^12 + x^5 + 1, reflected, byte by byte.
static uint16_t crc16(const uint8_t *bytes, size_t len)
{
    uint16_t crc = 0;
    for (size_t i = 0; i < len; i++) {
        uint8_t h1 = (uint8_t)(crc ^ bytes[i]);
        uint8_t h2 = (uint8_t)(h1 & 0x0f), h3 = (uint8_t)(h2 << 4), h4 = h1 ^ h3;
        uint8_t h5 = h4 >> 4;
        crc = (uint16_t)(crc >> 8 ^ h4 << 8 ^ h5 ^ (uint16_t)(h4 << 3));
    }
    return crc;
}

static void queue(uint8_t fctr, const uint8_t *packet, size_t len)
{
    struct frame *f = &c.queue[c.queued];
    if (c.queued == FRAMES)
        return;
    c.queued++;
    f->bytes[0] = fctr;
    f->bytes[1] = (uint8_t)(len >> 8);
    f->bytes[2] = (uint8_t)len;
    if (len > 0)
        memcpy(f->bytes + 3, packet, len);
    uint16_t crc = crc16(f->bytes, 3 + len);
    f->bytes[3 + len] = (uint8_t)(crc >> 8);
    f->bytes[4 + len] = (uint8_t)crc;
    f->len = 5 + len;
    if (!(fctr & 0x80)) {
        c.last = *f;
        c.waiting = true;
    }
}

static void queue_control(unsigned kind, unsigned nr)
{
    queue((uint8_t)(0x80 | kind | nr), NULL, 0);
}

static void queue_again(void)
{
    if (c.queued < FRAMES)
        c.queue[c.queued++] = c.last;
}

static void forget_link(void)
{
    c.queued = 0;
    c.waiting = c.in_chain = c.answering = false;
    c.rx_nr = c.tx_nr = 3;
}

static void restart(void)
{
    forget_link();
    c.open = false;
    c.agreed = chip.frame_max;
    c.error = 0;
    c.ready_at = c.us + 15000;
}

// --- The application

static void respond(uint8_t status, const uint8_t *data, size_t len)
{
    c.answer[0] = chip.strange != 0 ? chip.strange : status;
    c.answer[1] = 0;
    size_t claim = chip.claim_len != 0 ? chip.claim_len : len;
    c.answer[2] = (uint8_t)(claim >> 8);
    c.answer[3] = (uint8_t)claim;
    if (len > 0)
        memcpy(c.answer + 4, data, len);
    c.answer_len = 4 + len;
    c.answered = 0;
    c.answering = true;
}

static void refuse(uint8_t code)
{
    c.error = code;
    respond(0xff, NULL, 0);
}

static void give_random(size_t asked)
{
    struct given *g = &c.given[c.given_count++ % GIVEN];
    size_t len = chip.answer_len != 0 ? chip.answer_len : asked;
    for (size_t i = 0; i < len; i++) {
        c.gives = c.gives * 1664525 + 1013904223;
        g->bytes[i] = (uint8_t)(c.gives >> 24);
    }
    g->len = len;
    g->taken = false;
    respond(0, g->bytes, len);
}

static size_t put_integer(uint8_t *at, const uint8_t *bytes)
{
    size_t skip = 0;
    while (skip < 31 && bytes[skip] == 0)
        skip++;
    size_t sign = bytes[skip] >> 7, len = 32 - skip + sign;
    at[0] = 2;
    at[1] = (uint8_t)len;
    at[2] = 0;
    memcpy(at + 2 + sign, bytes + skip, 32 - skip);
    return 2 + len;
}

// Anything that depends on all that is signed; with zeros in front now and then.
void chip_signature(uint16_t key, const uint8_t digest[32], uint8_t signature[64])
{
    uint32_t state = key;
    for (size_t i = 0; i < 64; i++) {
        state = (state ^ digest[i % 32]) * 16777619u + (uint32_t)i;
        signature[i] = (uint8_t)(state >> 16);
    }
    for (size_t i = 0; i < digest[0] % 4; i++)
        signature[i] = signature[32 + (i + 1) % 32] = 0;
}

static void calc_sign(const uint8_t *data, size_t len)
{
    uint8_t signature[64], der[80];
    static const uint8_t front[] = {1, 0, 32}, back[] = {3, 0, 2};
    if (len != 40 || memcmp(data, front, 3) != 0 || memcmp(data + 35, back, 3) != 0 || c.command[1] != 0x11) {
        refuse(5);
        return;
    }
    chip_signature((uint16_t)(data[38] << 8 | data[39]), data + 3, signature);
    size_t n = put_integer(der, signature);
    n += put_integer(der + n, signature + 32);
    respond(0, der, n);
}

static void get_data(const uint8_t *data, size_t len)
{
    static const uint8_t last_error[] = {0xf1, 0xc2, 0, 0, 0, 1};
    if (len == 6 && memcmp(data, last_error, 6) == 0)
        respond(0, &c.error, 1);
    else
        refuse(1);
}

static void open_application(const uint8_t *data, size_t len)
{
    static const uint8_t id[] = {0xd2, 0x76, 0, 0, 4, 'G', 'e', 'n', 'A', 'u', 't', 'h', 'A', 'p', 'p', 'l'};
    if (len != sizeof id || memcmp(data, id, sizeof id) != 0) {
        refuse(5);
        return;
    }
    c.open = true;
    respond(0, NULL, 0);
}

static void execute(void)
{
    uint8_t command = c.command[0] & 0x7f;
    size_t len = c.command_len < 4 ? 0 : (size_t)(c.command[2] << 8 | c.command[3]);
    const uint8_t *data = c.command + 4;
    c.ready_at = c.us + 500 + next_random() % (c.faults.busy_us != 0 ? c.faults.busy_us : 3000);
    if (happens(c.faults.late))
        c.ready_at += 500000;
    if (c.command[0] & 0x80)
        c.error = 0;
    c.done[command]++;
    if (c.command_len != 4 + len)
        refuse(4);
    else if (chip.refuse != 0 && command != 1)
        refuse(chip.refuse);
    else if (command == 0x70)
        open_application(data, len);
    else if (command == 1)
        get_data(data, len);
    else if (!c.open)
        refuse(0x0b);
    else if (command == 0x0c && c.command[1] == 0 && len == 2 && data[0] == 0 && data[1] >= 8)
        give_random(data[1]);
    else if (command == 0x31)
        calc_sign(data, len);
    else if (command == 0x71)
        respond(0, NULL, 0);
    else
        refuse(0x0a);
}

// --- Transport

static void send_piece(void)
{
    uint8_t packet[300];
    size_t room = c.agreed - 6u, left = c.answer_len - c.answered, n = left < room ? left : room;
    bool first = c.answered == 0, last = n == left;
    packet[0] = first ? (last ? 0 : 1) : last ? 4 : 2;
    memcpy(packet + 1, c.answer + c.answered, n);
    c.answered += n;
    c.tx_nr = (c.tx_nr + 1) & 3;
    c.repeats = 0;
    queue((uint8_t)(c.tx_nr << 2 | c.rx_nr), packet, 1 + n);
}

static void take_packet(const uint8_t *packet, size_t len)
{
    uint8_t chain = packet[0];
    if (chain == 0 || chain == 1)
        c.command_len = 0;
    else if (!c.in_chain)
        return;
    if (c.command_len + len - 1 > APDU)
        return;
    memcpy(c.command + c.command_len, packet + 1, len - 1);
    c.command_len += len - 1;
    c.in_chain = chain == 1 || chain == 2;
    if (!c.in_chain)
        execute();
}

// --- Data link

static void take_control(uint8_t fctr)
{
    unsigned kind = fctr & 0x60, nr = fctr & 3;
    if (kind == 0x40) {
        forget_link();
        return;
    }
    if (!c.waiting || nr != c.tx_nr)
        return;
    if (kind == 0x20) {
        queue_again();
        return;
    }
    c.waiting = false;
    if (c.answered < c.answer_len)
        send_piece();
}

static void take_data(const uint8_t *frame, size_t len)
{
    unsigned nr = frame[0] >> 2 & 3;
    if (happens(c.faults.resync)) {
        forget_link();
        queue_control(0x40, 0);
        return;
    }
    if (nr == c.rx_nr) { // again
        queue_control(0, c.rx_nr);
        return;
    }
    if (nr != ((c.rx_nr + 1u) & 3) || len <= 5)
        return;
    c.rx_nr = (uint8_t)nr;
    c.waiting = c.answering = false; // a new command is also an acknowledgement
    take_packet(frame + 3, len - 5);
    if (c.in_chain || chip.separately)
        queue_control(0, c.rx_nr);
}

static void take_frame(const uint8_t *bytes, size_t len)
{
    struct frame f = {.len = len};
    memcpy(f.bytes, bytes, len);
    if (happens(c.faults.lose))
        return;
    damage(&f);
    bool good = len >= 5 && (size_t)(f.bytes[1] << 8 | f.bytes[2]) == len - 5 &&
                crc16(f.bytes, len - 2) == (f.bytes[len - 2] << 8 | f.bytes[len - 1]);
    if (!good && !(f.bytes[0] & 0x80))
        queue_control(0x20, (c.rx_nr + 1u) & 3);
    else if (good && f.bytes[0] & 0x80)
        take_control(f.bytes[0]);
    else if (good)
        take_data(f.bytes, len);
}

// What becomes of waiting.
static void go_on(void)
{
    if (c.answering && c.answered == 0 && c.us >= c.ready_at && !chip.busy_for_ever) {
        c.answering = false;
        send_piece();
        c.sent_at = c.us;
    }
    if (c.waiting && c.queued == 0 && c.us - c.sent_at > 10000 && c.repeats++ < 3) {
        queue_again();
        c.sent_at = c.us;
    }
}

// --- The bus

static int begin_transfer(uint8_t address, size_t len)
{
    c.us += UNIT_US * (1 + len);
    if (chip.stuck || happens(c.faults.bus))
        return PICKET_I2C_BUS;
    if (chip.absent || address != 0x30 || happens(c.faults.nack))
        return PICKET_I2C_NACK;
    if (happens(c.faults.reset))
        restart();
    if (c.us < c.ready_at && !c.answering)
        return PICKET_I2C_NACK; // it starts up
    go_on();
    return PICKET_I2C_OK;
}

static int bus_write(void *ctx, uint8_t address, const uint8_t *data, size_t len)
{
    (void)ctx;
    int result = begin_transfer(address, len);
    if (result != PICKET_I2C_OK || len == 0)
        return result;
    c.selected = data[0];
    if (len == 1)
        return result;
    if (data[0] == 0x81 && len == 3) {
        unsigned wanted = (unsigned)(data[1] << 8 | data[2]);
        c.agreed = wanted < chip.frame_max ? (uint16_t)wanted : chip.frame_max;
    } else if (data[0] == 0x88) {
        restart();
    } else if (data[0] == 0x80) {
        if (len - 1 > sizeof c.last.bytes)
            abort();
        take_frame(data + 1, len - 1);
    }
    return result;
}

static void read_state(uint8_t *data, size_t len)
{
    size_t waits = chip.frames_claimed != 0 ? chip.frames_claimed : c.queued > 0 ? c.queue[0].len : 0;
    uint8_t state[4] = {0x08, 0, (uint8_t)(waits >> 8), (uint8_t)waits};
    if (waits > 0)
        state[0] |= 0x40;
    if (c.answering || chip.busy_for_ever)
        state[0] |= 0x80;
    if (happens(c.faults.state))
        state[next_random() % 4] ^= (uint8_t)(1U << next_random() % 8);
    memset(data, 0xff, len);
    memcpy(data, state, len < 4 ? len : 4);
}

static void read_frame(uint8_t *data, size_t len)
{
    memset(data, 0xff, len);
    if (c.queued == 0)
        return;
    struct frame f = c.queue[0];
    if (!happens(c.faults.twice)) {
        c.queued--;
        memmove(c.queue, c.queue + 1, c.queued * sizeof c.queue[0]);
    }
    c.sent_at = c.us;
    if (happens(c.faults.lose))
        return;
    damage(&f);
    memcpy(data, f.bytes, len < f.len ? len : f.len);
}

static int bus_read(void *ctx, uint8_t address, uint8_t *data, size_t len)
{
    (void)ctx;
    int result = begin_transfer(address, len);
    if (result != PICKET_I2C_OK)
        return result;
    if (c.selected == 0x82) {
        read_state(data, len);
    } else if (c.selected == 0x81 && len == 2) {
        data[0] = (uint8_t)(c.agreed >> 8);
        data[1] = (uint8_t)c.agreed;
    } else if (c.selected == 0x80) {
        read_frame(data, len);
    } else {
        memset(data, 0, len);
    }
    return result;
}

static uint32_t bus_millis(void *ctx)
{
    (void)ctx;
    return chip.clock_stands ? 7 : (uint32_t)(c.us / 1000 + 0xffffff00u); // it wraps soon
}

static void bus_sleep(void *ctx, uint32_t us)
{
    (void)ctx;
    c.us += us;
}

// --- For tests

void chip_reset(const chip_faults_t *faults)
{
    memset(&c, 0, sizeof c);
    c.faults = *faults;
    c.random = faults->seed * 2654435761u | 1;
    c.gives = faults->seed;
    chip = (struct chip_settings){.frame_max = 277};
    restart();
}

const picket_i2c_t *chip_bus(void)
{
    static const picket_i2c_t bus = {
        .write = bus_write, .read = bus_read, .millis = bus_millis, .sleep_us = bus_sleep};
    return &bus;
}

uint64_t chip_us(void)
{
    return c.us;
}

unsigned chip_done(uint8_t command)
{
    return c.done[command & 0x7f];
}

bool chip_gave(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < c.given_count && i < GIVEN; i++) {
        struct given *g = &c.given[i];
        if (!g->taken && g->len >= len && memcmp(g->bytes, bytes, len) == 0)
            return g->taken = true;
    }
    return false;
}
