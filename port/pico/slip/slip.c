#include "hardware/gpio.h"
#include "hardware/irq.h"
#include "hardware/uart.h"
#include "lwip/dns.h"
#include "lwip/init.h"
#include "lwip/ip.h"
#include "lwip/netif.h"
#include "lwip/sys.h"
#include "lwip/timeouts.h"
#include "pico.h"
#include "pico_clock.h"
#include "pico_slip.h"

// RFC 1055. NONSENSE after ESC is nothing that a sender may say: the queue's way to tell of lost bytes.
enum { END = 0xc0, ESC = 0xdb, ESC_END = 0xdc, ESC_ESC = 0xdd, NONSENSE = 0x00 };

enum { NO_BYTE = 0xffff, LEVEL = 16 };

enum { MTU = 1500, RING_MASK = PICKET_SLIP_RING - 1 };
_Static_assert((PICKET_SLIP_RING & RING_MASK) == 0, "PICKET_SLIP_RING must be a power of two");

#define UART UART_INSTANCE(PICKET_SLIP_UART)

static struct netif netif;

// --- The queue: the interrupt fills it, poll empties it ---

static volatile uint8_t ring[PICKET_SLIP_RING];
static volatile uint32_t put, got; // counts that wrap; their difference is what waits
static volatile uint32_t packets;  // ENDs that were queued
static uint32_t packets_seen;

static uint32_t waiting(void)
{
    return put - got;
}

static void queue_byte(uint8_t byte)
{
    ring[put & RING_MASK] = byte;
    put = put + 1;
    if (byte == END)
        packets = packets + 1;
}

static bool lost; // bytes that there was no room for

static void receive_byte(uint32_t data)
{
    if (waiting() > PICKET_SLIP_RING - 3) {
        lost = true;
        return;
    }
    if (lost || (data & ~0xffU) != 0) { // framing, parity, break, overrun: UARTDR bits 8 to 11
        queue_byte(ESC);
        queue_byte(NONSENSE);
        lost = false;
    }
    queue_byte((uint8_t)data);
}

// What follows in the ring from a count on, without coming round, and no more than so many bytes.
static uint32_t in_a_row(uint32_t from, uint32_t most)
{
    uint32_t row = PICKET_SLIP_RING - (from & RING_MASK);
    return row < most ? row : most;
}

// Bytes that are neither END nor damaged are the most: for them a short loop. As long as its interrupt is on, the UART has LEVEL
// bytes or more. Returns a byte that is another, or NO_BYTE.
static uint32_t receive_run(uart_hw_t *uart, uint32_t room)
{
    uint32_t level = (uart->ris & UART_UARTRIS_RXRIS_BITS) != 0 ? LEVEL : 1, data = NO_BYTE;
    volatile uint8_t *first = ring + (put & RING_MASK), *next = first;
    volatile uint8_t *end = first + in_a_row(put, room < level ? room : level);
    while (next < end) {
        data = uart->dr;
        if (data == END || data > 0xff)
            break;
        *next++ = (uint8_t)data;
        data = NO_BYTE;
    }
    put = put + (uint32_t)(next - first);
    return data;
}

static void receive(void)
{
    uart_hw_t *uart = uart_get_hw(UART);
    while (uart_is_readable(UART)) {
        uint32_t data = lost || waiting() > PICKET_SLIP_RING - 3
                            ? uart->dr
                            : receive_run(uart, PICKET_SLIP_RING - 2 - waiting());
        if (data != NO_BYTE)
            receive_byte(data);
    }
}

bool picket_pico_slip_has_work(void)
{
    return packets != packets_seen || waiting() > PICKET_SLIP_RING / 2;
}

// --- From the line to lwIP ---

static struct {
    uint16_t len;
    bool escaped;
    bool bad; // wait for the next END
    uint8_t bytes[MTU];
} frame;

// With Wi-Fi's Ethernet this is the driver's business. A packet for which there is no memory is lost, as on a
// line.
static void deliver(void)
{
    struct pbuf *p = pbuf_alloc(PBUF_RAW, frame.len, PBUF_POOL);
    if (!p)
        return;
    pbuf_take(p, frame.bytes, frame.len);
    if (netif.input(p, &netif) != ERR_OK)
        pbuf_free(p);
}

static void end_frame(void)
{
    if (!frame.bad && !frame.escaped && frame.len > 0)
        deliver();
    frame.len = 0;
    frame.bad = frame.escaped = false;
}

static void add_byte(uint8_t byte)
{
    if (frame.len == MTU)
        frame.bad = true;
    else
        frame.bytes[frame.len++] = byte;
}

static void add_escaped(uint8_t byte)
{
    frame.escaped = false;
    if (byte == ESC_END)
        add_byte(END);
    else if (byte == ESC_ESC)
        add_byte(ESC);
    else
        frame.bad = true;
}

static void take_byte(uint8_t byte)
{
    if (byte == END)
        end_frame();
    else if (frame.escaped)
        add_escaped(byte);
    else if (byte == ESC)
        frame.escaped = true;
    else
        add_byte(byte);
}

// Of n bytes that wait, those that are just to be copied. Returns how many are left.
static uint32_t take_run(uint32_t n)
{
    const volatile uint8_t *first = ring + (got & RING_MASK), *from = first;
    uint32_t room = (uint32_t)(MTU - frame.len);
    const volatile uint8_t *end = first + in_a_row(got, n < room ? n : room);
    uint8_t *to = frame.bytes + frame.len;
    for (; from < end; from++) {
        uint8_t byte = *from;
        if (byte == END || byte == ESC)
            break;
        *to++ = byte;
    }
    uint32_t taken = (uint32_t)(from - first);
    frame.len = (uint16_t)(frame.len + taken);
    got = got + taken;
    return n - taken;
}

// No more than what waits now, so that a line that never falls silent does not keep the caller.
uint32_t picket_pico_slip_poll(void *ctx)
{
    (void)ctx;
    packets_seen = packets;
    for (uint32_t n = waiting(); n > 0; n--) {
        if (!frame.escaped && (n = take_run(n)) == 0)
            break;
        uint8_t byte = ring[got & RING_MASK];
        got = got + 1;
        take_byte(byte);
    }
    return UINT32_MAX;
}

// --- From lwIP to the line ---

static void send_byte(uint8_t byte)
{
    if (byte != END && byte != ESC) {
        uart_putc_raw(UART, (char)byte);
        return;
    }
    uart_putc_raw(UART, (char)ESC);
    uart_putc_raw(UART, (char)(byte == END ? ESC_END : ESC_ESC));
}

// Waits for the line: 16 ms for the largest packet, less than half of one for an acknowledgement. The END in
// front ends what noise there was.
static err_t send_packet(struct netif *to, struct pbuf *p, const ip4_addr_t *address)
{
    (void)to;
    (void)address;
    uart_putc_raw(UART, (char)END);
    for (const struct pbuf *q = p; q; q = q->next)
        for (uint16_t i = 0; i < q->len; i++)
            send_byte(((const uint8_t *)q->payload)[i]);
    uart_putc_raw(UART, (char)END);
    return ERR_OK;
}

// --- Start ---

// lwIP's clock (lwip/sys.h).
uint32_t sys_now(void)
{
    return picket_pico_millis(NULL);
}

static void open_line(void)
{
    uart_init(UART, PICKET_SLIP_BAUD);
    gpio_set_function(PICKET_SLIP_TX_PIN, UART_FUNCSEL_NUM(UART, PICKET_SLIP_TX_PIN));
    gpio_set_function(PICKET_SLIP_RX_PIN, UART_FUNCSEL_NUM(UART, PICKET_SLIP_RX_PIN));
    irq_set_exclusive_handler(UART_IRQ_NUM(UART), receive);
    irq_set_enabled(UART_IRQ_NUM(UART), true);
    uart_set_irq_enables(UART, true, false);
    // An interrupt when its queue of 32 bytes is half full, or the line has been silent for three: 170 us are left at 921600 baud.
    hw_write_masked(&uart_get_hw(UART)->ifls, 2 << UART_UARTIFLS_RXIFLSEL_LSB, UART_UARTIFLS_RXIFLSEL_BITS);
}

static err_t init_netif(struct netif *n)
{
    n->name[0] = 's';
    n->name[1] = 'l';
    n->mtu = MTU;
    n->output = send_packet;
    return ERR_OK;
}

static ip4_addr_t address_of(const char *text)
{
    ip4_addr_t address = {0};
    ip4addr_aton(text, &address);
    return address;
}

static void open_netif(void)
{
    ip4_addr_t address = address_of(PICKET_SLIP_ADDRESS);
    ip4_addr_t mask = address_of(PICKET_SLIP_MASK);
    ip4_addr_t gateway = address_of(PICKET_SLIP_GATEWAY);
    ip_addr_t server = address_of(PICKET_SLIP_NAME_SERVER);
    netif_add(&netif, &address, &mask, &gateway, NULL, init_netif, ip_input);
    netif_set_default(&netif);
    netif_set_link_up(&netif);
    netif_set_up(&netif);
    dns_setserver(0, &server);
}

int picket_pico_slip_start(void *ctx)
{
    static bool done; // lwip_init is for once
    (void)ctx;
    if (done) {
        sys_restart_timeouts(); // nobody ran them meanwhile
        return 0;
    }
    done = true;
    lwip_init();
    open_line();
    open_netif();
    return 0;
}
