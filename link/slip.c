#include "slip.h"

enum { END = 0xc0, ESC = 0xdb, ESC_END = 0xdc, ESC_ESC = 0xdd };

static void store(struct slip_decoder *d, uint8_t byte)
{
    if (d->len == sizeof d->packet)
        d->spoiled = true;
    else
        d->packet[d->len++] = byte;
}

// Two ENDs in a row are no packet: senders begin with one, to end what noise there was.
static size_t end(struct slip_decoder *d)
{
    size_t len = d->len;
    if (d->spoiled || d->escaped) {
        d->dropped++;
        len = 0;
    }
    d->len = 0;
    d->escaped = d->spoiled = false;
    return len;
}

static void unescape(struct slip_decoder *d, uint8_t byte)
{
    d->escaped = false;
    if (byte == ESC_END)
        store(d, END);
    else if (byte == ESC_ESC)
        store(d, ESC);
    else
        d->spoiled = true;
}

size_t slip_decode(struct slip_decoder *d, uint8_t byte)
{
    if (byte == END)
        return end(d);
    if (d->escaped)
        unescape(d, byte);
    else if (byte == ESC)
        d->escaped = true;
    else
        store(d, byte);
    return 0;
}

static size_t escape(uint8_t byte, uint8_t *out)
{
    if (byte != END && byte != ESC) {
        out[0] = byte;
        return 1;
    }
    out[0] = ESC;
    out[1] = byte == END ? ESC_END : ESC_ESC;
    return 2;
}

size_t slip_encode(const uint8_t *packet, size_t len, uint8_t *out)
{
    size_t n = 0;
    out[n++] = END;
    for (size_t i = 0; i < len; i++)
        n += escape(packet[i], out + n);
    out[n++] = END;
    return n;
}
