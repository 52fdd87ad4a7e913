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

static void receive_byte(uint32_t data)
{
    static bool lost;
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

static void receive(void)
{
    while (uart_is_readable(UART))
        receive_byte(uart_get_hw(UART)->dr);
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

// No more than what waits now, so that a line that never falls silent does not keep the caller.
uint32_t picket_pico_slip_poll(void *ctx)
{
    (void)ctx;
    packets_seen = packets;
    for (uint32_t n = waiting(); n > 0; n--) {
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
