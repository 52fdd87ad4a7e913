#include "optiga_link.h"

#include <string.h>

// Specification 2.03, chapters 2 (registers), 3 (data link) and 5 (transport), as the chip has them: Solution Reference
// Manual 3.70, table "Protocol stack variation".
enum {
    ADDRESS = 0x30,
    REG_DATA = 0x80,
    REG_DATA_LEN = 0x81,
    REG_STATE = 0x82,
    REG_SOFT_RESET = 0x88,
    STATE_BUSY = 0x80, // in the first byte
    STATE_READY = 0x40,
    STATE_SOFT_RESET = 0x08,
    GUARD_US = 50,
    WAKE_MS = 100, // data sheet 3.70, A.2.1: how long a chip that sleeps or is busy may not know its address
    POLL_US = 1000,
    ACK_MS = 10, // TRANS_TIMEOUT
    REPEAT = 3,  // TRANS_REPEAT
    FRAME_MIN = 16,
    // A frame: FCTR, LEN (2), packet, FCS (2).
    LEN = 1,
    PACKET = 3,
    OVERHEAD = 5,
    CONTROL = 0x80,
    SEQ_MASK = 0x60,
    ACK = 0x00,
    NAK = 0x20,
    RESYNC = 0x40,
    UNUSED = 0x10,
    LAST_NR = 3,
    // A packet: PCTR, then a piece of the APDU.
    WHOLE = 0,
    FIRST = 1,
    MIDDLE = 2,
    LAST = 4,
};

_Static_assert(PICKET_OPTIGA_FRAME >= FRAME_MIN && PICKET_OPTIGA_FRAME <= 277,
               "specification 2.03, table 2-1");

void optiga_wipe(void *memory, size_t len)
{
    memset(memory, 0, len);
    __asm volatile("" : : "r"(memory) : "memory"); // the compiler keeps the memset
}

// --- Time ---

static uint32_t now(const picket_optiga_t *o)
{
    return o->i2c->millis(o->i2c->ctx);
}

void optiga_begin(picket_optiga_t *o, uint16_t ms)
{
    o->call_began = o->answer_began = now(o);
    o->call_ms = o->answer_ms = ms;
    o->pauses = 0;
    o->damaged = false;
}

// False: there is no more time. The pauses are counted, so that a clock that stands still ends a wait as well.
static bool pause(picket_optiga_t *o)
{
    uint32_t at = now(o);
    if (at - o->call_began >= o->call_ms || at - o->answer_began >= o->answer_ms || o->pauses >= o->call_ms)
        return false;
    o->pauses++;
    o->i2c->sleep_us(o->i2c->ctx, POLL_US);
    return true;
}

// --- Registers ---

static void guard(picket_optiga_t *o)
{
    o->i2c->sleep_us(o->i2c->ctx, GUARD_US);
}

static bool write_once(picket_optiga_t *o, const uint8_t *data, size_t len)
{
    guard(o);
    o->bus = (int8_t)o->i2c->write(o->i2c->ctx, ADDRESS, data, len);
    return o->bus == PICKET_I2C_OK;
}

static bool read_once(picket_optiga_t *o, uint8_t *data, size_t len)
{
    guard(o);
    o->bus = (int8_t)o->i2c->read(o->i2c->ctx, ADDRESS, data, len);
    return o->bus == PICKET_I2C_OK;
}

// The chip may not know its address while it wakes up or works ("late acknowledge").
static bool may_still_wake(picket_optiga_t *o, uint32_t began, unsigned tries)
{
    return now(o) - began < WAKE_MS && tries < WAKE_MS && pause(o);
}

static bool write_bytes(picket_optiga_t *o, const uint8_t *data, size_t len)
{
    uint32_t began = now(o);
    for (unsigned tries = 0; !write_once(o, data, len); tries++)
        if (!may_still_wake(o, began, tries))
            return false;
    return true;
}

static bool read_bytes(picket_optiga_t *o, uint8_t *data, size_t len)
{
    uint32_t began = now(o);
    for (unsigned tries = 0; !read_once(o, data, len); tries++)
        if (!may_still_wake(o, began, tries))
            return false;
    return true;
}

static bool read_register(picket_optiga_t *o, uint8_t number, uint8_t *data, size_t len)
{
    return write_bytes(o, &number, 1) && read_bytes(o, data, len);
}

static bool write_register(picket_optiga_t *o, uint8_t number, uint16_t value)
{
    const uint8_t data[] = {number, (uint8_t)(value >> 8), (uint8_t)value};
    return write_bytes(o, data, sizeof data);
}

// --- Frames ---

// CRC-16 of x^16 + x^12 + x^5 + 1, bit by bit as in appendix 8.1.1. Frames are short, and the wire is slower.
static uint16_t checksum(const uint8_t *data, size_t len)
{
    unsigned crc = 0;
    for (size_t i = 0; i < len; i++) {
        crc ^= data[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x8408U : 0);
    }
    return (uint16_t)crc;
}

// Chapter 3.3 has the bytes of the checksum the other way round; the data sheet's logs (A.2.1.2) have them so.
static void seal(uint8_t *frame, size_t len)
{
    frame[LEN] = (uint8_t)(len >> 8);
    frame[LEN + 1] = (uint8_t)len;
    uint16_t crc = checksum(frame, PACKET + len);
    frame[PACKET + len] = (uint8_t)(crc >> 8);
    frame[PACKET + len + 1] = (uint8_t)crc;
}

static bool is_sealed(const uint8_t *frame, size_t len)
{
    if (len < OVERHEAD || (size_t)(frame[LEN] << 8 | frame[LEN + 1]) != len - OVERHEAD)
        return false;
    return checksum(frame, len - 2) == (frame[len - 2] << 8 | frame[len - 1]);
}

static uint8_t next(uint8_t number)
{
    return (number + 1U) & LAST_NR;
}

// What is not acknowledged needs no result: when it is lost, the chip repeats what it answers.
static void send_control(picket_optiga_t *o, unsigned fctr)
{
    uint8_t data[1 + OVERHEAD] = {REG_DATA, (uint8_t)(CONTROL | fctr)};
    seal(data + 1, 0);
    (void)write_bytes(o, data, sizeof data);
    o->sent_at = now(o);
}

static bool send_data(picket_optiga_t *o, size_t len)
{
    o->tx[0] = REG_DATA;
    o->tx[1] = (uint8_t)(ACK | o->tx_nr << 2 | o->rx_nr);
    seal(o->tx + 1, len);
    bool sent = write_bytes(o, o->tx, 1 + OVERHEAD + len);
    o->sent_at = now(o);
    return sent;
}

// --- What the chip has for us ---

enum seen {
    BUSY,         // it works, or does not know its address
    QUIET,        // nothing
    BROKEN,       // a data frame, damaged
    BROKEN_REPLY, // a control frame, damaged: it will not be repeated
    STALE,        // nothing that concerns us: an old acknowledgement
    REPEATED,     // a data frame that we have: our acknowledgement was lost
    ACKED,        // our frame arrived
    NAKED,        // it arrived damaged
    RESYNCED,     // the chip has started to count frames anew
    DATA,         // a data frame; our own has arrived as well
};

static enum seen judge_control(const picket_optiga_t *o)
{
    uint8_t fctr = o->rx[0];
    if (fctr == (CONTROL | RESYNC))
        return RESYNCED;
    if (fctr == (CONTROL | ACK | o->tx_nr))
        return ACKED;
    return fctr == (CONTROL | NAK | o->tx_nr) ? NAKED : STALE;
}

static enum seen judge_data(const picket_optiga_t *o)
{
    uint8_t fctr = o->rx[0];
    unsigned seq = fctr & SEQ_MASK;
    if ((seq != ACK && seq != NAK) || fctr & UNUSED || o->rx_len == OVERHEAD)
        return BROKEN;
    if ((fctr >> 2 & LAST_NR) != next(o->rx_nr))
        return REPEATED;
    if ((fctr & LAST_NR) != o->tx_nr)
        return STALE;
    return seq == ACK ? DATA : NAKED;
}

static enum seen judge(picket_optiga_t *o)
{
    if (!is_sealed(o->rx, o->rx_len)) {
        o->damaged = true;
        return o->rx_len > OVERHEAD ? BROKEN : BROKEN_REPLY;
    }
    // Zeros are a frame with a right checksum, but an empty one, which no data frame is.
    return o->rx[0] & CONTROL ? judge_control(o) : judge_data(o);
}

// The state has no checksum: what it says is only a hint of how much to read.
static enum seen look(picket_optiga_t *o)
{
    const uint8_t number = REG_STATE;
    uint8_t state[4];
    if (!write_once(o, &number, 1) || !read_once(o, state, sizeof state))
        return BUSY;
    size_t len = (size_t)(state[2] << 8 | state[3]);
    if (!(state[0] & STATE_READY) || len == 0)
        return state[0] & STATE_BUSY ? BUSY : QUIET;
    if (len > o->frame_max) {
        o->damaged = true;
        return BROKEN;
    }
    if (!read_register(o, REG_DATA, o->rx, len))
        return BUSY;
    o->rx_len = (uint16_t)len;
    return judge(o);
}

// Table 3-2: what the receiver answers.
static enum seen look_and_answer(picket_optiga_t *o)
{
    enum seen seen = look(o);
    if (seen == BROKEN)
        send_control(o, NAK | next(o->rx_nr));
    if (seen == DATA)
        o->rx_nr = next(o->rx_nr);
    if (seen == DATA || seen == REPEATED)
        send_control(o, ACK | o->rx_nr);
    return seen;
}

static int no_answer(const picket_optiga_t *o)
{
    if (o->bus != PICKET_I2C_OK)
        return o->bus == PICKET_I2C_NACK ? PICKET_OPTIGA_ERR_ABSENT : PICKET_OPTIGA_ERR_BUS;
    return o->damaged ? PICKET_OPTIGA_ERR_DAMAGED : PICKET_OPTIGA_ERR_SILENT;
}

// --- The data link: one frame there, one frame back ---

enum sent { LOST, SENT, SENT_AND_ANSWERED };

// For both sides the next frame is frame 0.
static void count_anew(picket_optiga_t *o)
{
    o->tx_nr = o->rx_nr = LAST_NR;
}

static bool is_overdue(const picket_optiga_t *o)
{
    return now(o) - o->sent_at >= ACK_MS;
}

// A chip that is busy has our frame, or will be quiet later: frames are repeated only when it is at leisure.
static int await_ack(picket_optiga_t *o)
{
    unsigned faults = 0;
    do {
        enum seen seen = look_and_answer(o);
        if (seen == ACKED)
            return SENT;
        if (seen == DATA)
            return SENT_AND_ANSWERED;
        if (seen == RESYNCED) {
            count_anew(o);
            o->tx_nr = 0; // the frame that waits
        }
        if (seen == NAKED || seen == BROKEN_REPLY || seen == RESYNCED || (seen == QUIET && is_overdue(o)))
            return LOST;
        if ((seen == BROKEN || seen == REPEATED) && ++faults > REPEAT)
            return LOST;
    } while (pause(o));
    return no_answer(o);
}

static void resync(picket_optiga_t *o)
{
    send_control(o, RESYNC);
    count_anew(o);
}

// The packet in o->tx, repeated until it is acknowledged; half of the times with new frame numbers.
static int send_packet(picket_optiga_t *o, size_t len)
{
    o->tx_nr = next(o->tx_nr);
    for (unsigned i = 0; i < 2 * (REPEAT + 1); i++) {
        if (i == REPEAT + 1) {
            resync(o);
            o->tx_nr = 0;
        }
        if (!send_data(o, len))
            return no_answer(o);
        int sent = await_ack(o);
        if (sent != LOST)
            return sent;
    }
    return no_answer(o);
}

// The next packet of the chip, into o->rx.
static int receive_packet(picket_optiga_t *o)
{
    unsigned faults = 0;
    do {
        enum seen seen = look_and_answer(o);
        if (seen == DATA)
            return 0;
        if (seen == RESYNCED)
            count_anew(o);
        if ((seen == BROKEN || seen == REPEATED) && ++faults > REPEAT)
            break;
    } while (pause(o));
    return no_answer(o);
}

// --- The transport: an APDU in as many packets as it takes ---

static size_t piece_max(const picket_optiga_t *o)
{
    return o->frame_max - (size_t)OVERHEAD - 1;
}

static uint8_t chain_of(const picket_optiga_t *o, size_t done, size_t len)
{
    bool ends = len - done <= piece_max(o);
    if (done == 0)
        return ends ? WHOLE : FIRST;
    return ends ? LAST : MIDDLE;
}

static int send_apdu(picket_optiga_t *o, const uint8_t *apdu, size_t len)
{
    for (size_t done = 0;;) {
        size_t n = len - done < piece_max(o) ? len - done : piece_max(o);
        o->tx[1 + PACKET] = chain_of(o, done, len);
        memcpy(o->tx + 1 + PACKET + 1, apdu + done, n);
        int sent = send_packet(o, 1 + n);
        done += n;
        if (sent < 0 || done == len)
            return sent;
        if (sent ==
            SENT_AND_ANSWERED) // in the middle of it: an answer to something else, or "chaining error"
            return PICKET_OPTIGA_ERR_PROTOCOL;
    }
}

static bool take_byte(picket_optiga_t *o, uint8_t byte)
{
    unsigned at = o->got++;
    if (at < OPTIGA_HEADER)
        o->header[at] = byte;
    else if (at - OPTIGA_HEADER < o->out_max)
        o->out[at - OPTIGA_HEADER] = byte;
    else
        return false;
    return true;
}

// Chapter 5.2: a packet that others follow is full; the chain begins once, and here; there is no other channel and no
// presentation layer.
static bool is_in_order(const picket_optiga_t *o)
{
    uint8_t chain = o->rx[PACKET];
    bool is_first = o->got == 0, is_full = o->rx_len == o->frame_max;
    switch (chain) {
    case WHOLE: return is_first;
    case FIRST: return is_first && is_full;
    case MIDDLE: return !is_first && is_full;
    case LAST: return !is_first && o->rx_len > OVERHEAD + 1;
    default: return false;
    }
}

static int take_packet(picket_optiga_t *o)
{
    if (!is_in_order(o))
        return PICKET_OPTIGA_ERR_PROTOCOL;
    for (unsigned i = PACKET + 1; i < o->rx_len - 2U; i++)
        if (!take_byte(o, o->rx[i]))
            return PICKET_OPTIGA_ERR_PROTOCOL;
    return 0;
}

static int receive_apdu(picket_optiga_t *o, bool is_here)
{
    int result;
    do {
        result = is_here ? 0 : receive_packet(o);
        if (result == 0)
            result = take_packet(o);
        is_here = false;
    } while (result == 0 && o->rx[PACKET] != WHOLE && o->rx[PACKET] != LAST);
    return result;
}

int optiga_exchange(picket_optiga_t *o, const uint8_t *command, size_t len, uint16_t answer_ms)
{
    o->answer_began = now(o);
    o->answer_ms = answer_ms;
    o->got = 0;
    int result = send_apdu(o, command, len);
    if (result >= 0)
        result = receive_apdu(o, result == SENT_AND_ANSWERED);
    optiga_wipe(o->rx, sizeof o->rx);
    optiga_wipe(o->tx, sizeof o->tx);
    return result;
}

// --- The beginning ---

static bool reset_by_register(picket_optiga_t *o)
{
    uint8_t state[4];
    if (!read_register(o, REG_STATE, state, sizeof state))
        return false;
    if (state[0] & STATE_SOFT_RESET)
        return write_register(o, REG_SOFT_RESET, 0);
    resync(o); // it keeps what it knows, the frame numbers excepted
    return true;
}

static bool reset(picket_optiga_t *o)
{
    if (o->i2c->reset != NULL)
        o->i2c->reset(o->i2c->ctx);
    else if (!reset_by_register(o))
        return false;
    o->i2c->sleep_us(o->i2c->ctx, OPTIGA_STARTUP_MS * 1000);
    return true;
}

static bool agree(picket_optiga_t *o)
{
    uint8_t len[2];
    if (!write_register(o, REG_DATA_LEN, PICKET_OPTIGA_FRAME) ||
        !read_register(o, REG_DATA_LEN, len, sizeof len))
        return false;
    o->frame_max = (uint16_t)(len[0] << 8 | len[1]);
    return true;
}

int optiga_link_start(picket_optiga_t *o)
{
    o->answer_began = now(o);
    o->answer_ms = o->call_ms;
    count_anew(o);
    if (!reset(o) || !agree(o))
        return no_answer(o);
    if (o->frame_max < FRAME_MIN || o->frame_max > PICKET_OPTIGA_FRAME)
        return PICKET_OPTIGA_ERR_PROTOCOL;
    return 0;
}
