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

// RFC 1055
enum { END = 0xc0, ESC = 0xdb, ESC_END = 0xdc, ESC_ESC = 0xdd };

enum { MTU = 1500, LEVEL = 16, RING_MASK = PICKET_SLIP_RING - 1 };
_Static_assert((PICKET_SLIP_RING & RING_MASK) == 0 && PICKET_SLIP_RING >= 4096,
               "PICKET_SLIP_RING must be a power of two, and room for two packets");

#define UART UART_INSTANCE(PICKET_SLIP_UART)

static struct netif netif;

// --- The queue of packets: the interrupt fills it, poll empties it ---

// A packet is a word with its length and its bytes, from a word on; it may come round. Places are counts that wrap.
enum { HEADER = sizeof(uint32_t) };

static union {
    uint32_t lengths[PICKET_SLIP_RING / HEADER];
    uint8_t bytes[PICKET_SLIP_RING];
} ring;

static volatile uint32_t complete; // up to here packets are complete
static volatile uint32_t got;      // up to here they have been taken

// The packet that is arriving.
static struct {
    uint32_t at;    // where it begins
    uint32_t put;   // where its next byte goes
    uint32_t limit; // up to here bytes are in a row and there is room for them, as was last seen
    bool escaped;
    bool bad; // wait for the next END
} frame = {.put = HEADER, .limit = HEADER};

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

// The room at put that is in a row, that is free and that a packet may have.
static void __not_in_flash_func(look_for_room)(void)
{
    uint32_t put = frame.put, row = PICKET_SLIP_RING - (put & RING_MASK);
    int32_t room = (int32_t)(got + PICKET_SLIP_RING - put); // its header may have none
    uint32_t more = frame.at + HEADER + MTU - put;
    frame.limit = put + (room > 0 ? least(least(row, more), (uint32_t)room) : 0);
}

static void __not_in_flash_func(add_byte)(uint8_t byte)
{
    if (frame.put == frame.limit)
        look_for_room();
    if (frame.put == frame.limit)
        frame.bad = true;
    else
        ring.bytes[frame.put++ & RING_MASK] = byte;
}

static void __not_in_flash_func(end_frame)(void)
{
    uint32_t len = frame.put - frame.at - HEADER;
    if (len > 0 && !frame.bad && !frame.escaped) {
        ring.lengths[(frame.at & RING_MASK) / HEADER] = len;
        frame.at = (frame.put + HEADER - 1) & ~(uint32_t)(HEADER - 1);
        __compiler_memory_barrier();
        complete = frame.at;
    }
    frame.put = frame.at + HEADER;
    frame.escaped = frame.bad = false;
    look_for_room();
}

static void __not_in_flash_func(add_escaped)(uint8_t byte)
{
    frame.escaped = false;
    if (byte == ESC_END)
        add_byte(END);
    else if (byte == ESC_ESC)
        add_byte(ESC);
    else
        frame.bad = true;
}

// Any byte. Framing, parity, break, overrun: UARTDR bits 8 to 11.
static void __not_in_flash_func(take_byte)(uint32_t data)
{
    uint8_t byte = (uint8_t)data;
    if (data > 0xff)
        frame.bad = true;
    if (byte == END)
        end_frame();
    else if (frame.bad)
        return;
    else if (frame.escaped)
        add_escaped(byte);
    else if (byte == ESC)
        frame.escaped = true;
    else
        add_byte(byte);
}

// Most bytes stand for themselves: for them a short way. n are there, and there is room for them. Returns how many of
// them are left.
#define TAKE(i)                                          \
    do {                                                 \
        data = uart->dr;                                 \
        if (data == END || data == ESC || data > 0xff) { \
            frame.put += (uint32_t)(to + (i)-first);     \
            take_byte(data);                             \
            return n - (uint32_t)(to + (i)-first) - 1;   \
        }                                                \
        to[i] = (uint8_t)data;                           \
    } while (0)

static uint32_t __not_in_flash_func(take_plain)(uart_hw_t *uart, uint32_t n)
{
    uint8_t *first = ring.bytes + (frame.put & RING_MASK), *to = first;
    uint32_t data;
    for (const uint8_t *end = first + (n & ~3U); to < end; to += 4) {
        TAKE(0);
        TAKE(1);
        TAKE(2);
        TAKE(3);
    }
    for (const uint8_t *end = first + n; to < end; to++)
        TAKE(0);
    frame.put += n;
    return 0;
}

static uint32_t __not_in_flash_func(take_some)(uart_hw_t *uart, uint32_t n)
{
    if (!frame.bad && !frame.escaped && frame.limit - frame.put >= n)
        return take_plain(uart, n);
    take_byte(uart->dr);
    return n - 1;
}

// As long as its interrupt is on, the UART has LEVEL bytes or more. What it has beyond is for the next interrupt.
static void __not_in_flash_func(receive)(void)
{
    uart_hw_t *uart = uart_get_hw(UART);
    if ((uart->ris & UART_UARTRIS_RXRIS_BITS) != 0)
        for (uint32_t n = LEVEL; n > 0;)
            n = take_some(uart, n);
    else
        while ((uart->fr & UART_UARTFR_RXFE_BITS) == 0)
            take_byte(uart->dr);
}

bool picket_pico_slip_has_work(void)
{
    return got != complete;
}

// --- From the line to lwIP ---

// Without memory it is lost, as on a line (with Wi-Fi's Ethernet this is the driver's business).
static struct pbuf *copy_of(uint32_t at, uint32_t len)
{
    uint32_t offset = at & RING_MASK, row = least(PICKET_SLIP_RING - offset, len);
    struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)len, PBUF_POOL);
    if (p != NULL) {
        pbuf_take(p, ring.bytes + offset, (u16_t)row);
        if (row < len)
            pbuf_take_at(p, ring.bytes, (u16_t)(len - row), (u16_t)row);
    }
    return p;
}

// The place is free before lwIP looks at the packet.
static struct pbuf *take_packet(void)
{
    uint32_t at = got, len = ring.lengths[(at & RING_MASK) / HEADER];
    struct pbuf *p = copy_of(at + HEADER, len);
    __compiler_memory_barrier();
    got = at + HEADER + ((len + HEADER - 1) & ~(uint32_t)(HEADER - 1));
    return p;
}

// No more than what waits now, so that a line that never falls silent does not keep the caller.
uint32_t picket_pico_slip_poll(void *ctx)
{
    (void)ctx;
    for (uint32_t until = complete; got != until;) {
        struct pbuf *p = take_packet();
        if (p != NULL && netif.input(p, &netif) != ERR_OK)
            pbuf_free(p);
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

// lwIP's clock (lwip/sys.h), which an operating system has.
#if NO_SYS
uint32_t sys_now(void)
{
    return picket_pico_millis(NULL);
}
#endif

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
#if NO_SYS // else tcpip_init did it
    lwip_init();
#endif
    open_line();
    open_netif();
    return 0;
}
