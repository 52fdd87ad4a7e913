#include "mps2_lan9118.h"

#include "mps2_machine.h"

#define REGISTER(offset) PICKET_MPS2_REGISTER(PICKET_MPS2_LAN9118 + (offset))
#define RX_DATA          REGISTER(0x00)
#define TX_DATA          REGISTER(0x20)
#define RX_STATUS        REGISTER(0x40)
#define TX_STATUS        REGISTER(0x48)
#define IRQ_CFG          REGISTER(0x54)
#define INT_STS          REGISTER(0x58)
#define INT_EN           REGISTER(0x5c)
#define BYTE_TEST        REGISTER(0x64)
#define FIFO_INT         REGISTER(0x68)
#define RX_CFG           REGISTER(0x6c)
#define TX_CFG           REGISTER(0x70)
#define HW_CFG           REGISTER(0x74)
#define RX_DP_CTRL       REGISTER(0x78)
#define RX_FIFO_INF      REGISTER(0x7c)
#define TX_FIFO_INF      REGISTER(0x80)
#define MAC_CSR_CMD      REGISTER(0xa4)
#define MAC_CSR_DATA     REGISTER(0xa8)
#define NVIC_ISER        PICKET_MPS2_REGISTER(0xe000e100 + PICKET_MPS2_LAN9118_IRQ / 32 * 4)

enum {
    BYTE_TEST_VALUE = 0x87654321,
    SOFT_RESET = 1,
    MUST_BE_ONE = 1 << 20,
    TX_5_KB = 5 << 16,
    TX_ON = 1 << 1,
    DROP_TX_STATUS = 1 << 15,
    FAST_FORWARD = 1U << 31,
    // Interrupts: high on the wire; a frame has come, the cable was plugged or pulled.
    IRQ_ENABLE = 1 << 8,
    IRQ_ACTIVE_HIGH = 1 << 4 | 1,
    INT_FRAME = 1 << 3,
    INT_PHY = 1 << 18,
    // A received frame's status.
    RX_BAD = 1 << 15,
    // A frame to send, in its first command word.
    TX_FIRST = 1 << 13,
    TX_LAST = 1 << 12,
    // The MAC's registers, and those of the PHY behind them.
    MAC_BUSY = 1U << 31,
    MAC_READ = 1 << 30,
    MAC_CR = 1,
    MAC_ADDRH = 2,
    MAC_ADDRL = 3,
    MAC_MII_ACC = 6,
    MAC_MII_DATA = 7,
    MAC_CR_ON = 1 << 2 | 1 << 3,
    MAC_CR_MULTICAST = 1 << 19,
    MAC_CR_DUPLEX = 1 << 20,
    MII_BUSY = 1,
    MII_WRITE = 2,
    PHY = 1,
    PHY_STATUS = 1,
    PHY_STATUS_LINK = 1 << 2,
    PHY_INT_SOURCE = 29,
    PHY_INT_MASK = 30,
    PHY_INT_DOWN_UP = 1 << 4 | 1 << 6,
};

static volatile bool flag;

// --- The MAC and the PHY ---

// A controller that stays busy is broken, or not there; what comes of it then is noticed in start.
static void settle(void)
{
    for (int i = 0; i < 1000 && MAC_CSR_CMD & MAC_BUSY; i++)
        ;
}

static uint32_t mac_read(uint32_t number)
{
    MAC_CSR_CMD = MAC_BUSY | MAC_READ | number;
    settle();
    return MAC_CSR_DATA;
}

static void mac_write(uint32_t number, uint32_t value)
{
    MAC_CSR_DATA = value;
    MAC_CSR_CMD = MAC_BUSY | number;
    settle();
}

static void mii(uint32_t number, uint32_t command)
{
    mac_write(MAC_MII_ACC, PHY << 11 | number << 6 | command | MII_BUSY);
    for (int i = 0; i < 1000 && mac_read(MAC_MII_ACC) & MII_BUSY; i++)
        ;
}

static uint32_t phy_read(uint32_t number)
{
    mii(number, 0);
    return mac_read(MAC_MII_DATA);
}

static void phy_write(uint32_t number, uint32_t value)
{
    mac_write(MAC_MII_DATA, value);
    mii(number, MII_WRITE);
}

static void read_mac(uint8_t mac[6])
{
    uint32_t low = mac_read(MAC_ADDRL);
    uint32_t high = mac_read(MAC_ADDRH);
    for (unsigned i = 0; i < 4; i++)
        mac[i] = (uint8_t)(low >> 8 * i);
    mac[4] = (uint8_t)high;
    mac[5] = (uint8_t)(high >> 8);
}

// The link bit remembers a loss until it is read, so that the second time tells how it is now.
bool picket_mps2_lan9118_link(void)
{
    phy_read(PHY_INT_SOURCE);
    phy_read(PHY_STATUS);
    return phy_read(PHY_STATUS) & PHY_STATUS_LINK;
}

// --- Start and interrupts ---

static bool reset(void)
{
    HW_CFG = SOFT_RESET;
    for (int i = 0; i < 1000 && HW_CFG & SOFT_RESET; i++)
        ;
    return BYTE_TEST == BYTE_TEST_VALUE && !(HW_CFG & SOFT_RESET);
}

bool picket_mps2_lan9118_start(uint8_t mac[6])
{
    INT_EN = 0;
    if (!reset())
        return false;
    HW_CFG = MUST_BE_ONE | TX_5_KB;
    RX_CFG = PICKET_MPS2_LAN9118_PAD << 8;
    FIFO_INT = 0; // from the first frame on
    phy_write(PHY_INT_MASK, PHY_INT_DOWN_UP);
    IRQ_CFG = IRQ_ENABLE | IRQ_ACTIVE_HIGH;
    read_mac(mac);
    mac_write(MAC_CR, MAC_CR_ON | MAC_CR_MULTICAST | MAC_CR_DUPLEX);
    TX_CFG = TX_ON;
    NVIC_ISER = 1U << PICKET_MPS2_LAN9118_IRQ % 32;
    picket_mps2_lan9118_listen();
    return true;
}

void picket_mps2_lan9118_interrupt(void)
{
    INT_EN = 0;
    flag = true;
}

// A frame that came after the last look at the FIFO sets its bit again by itself, or is noticed here. The PHY's bit is left alone: it goes
// when the PHY is asked, and says that the link has changed since.
void picket_mps2_lan9118_listen(void)
{
    flag = false;
    INT_STS = INT_FRAME;
    if (RX_FIFO_INF >> 16 & 0xff)
        flag = true;
    else
        INT_EN = INT_FRAME | INT_PHY;
}

const volatile bool *picket_mps2_lan9118_flag(void)
{
    return &flag;
}

// --- Receiving ---

static size_t waiting; // bytes of the frame whose status has been taken

static size_t words_of(size_t bytes)
{
    return (bytes + 3) / 4;
}

static void drop_words(size_t count)
{
    while (count-- > 0)
        (void)RX_DATA;
}

// The length in the status is the frame's with its checksum; the FIFO holds the pad too.
static bool read_status(void)
{
    enum { CHECKSUM = 4 };
    uint32_t status = RX_STATUS;
    size_t len = status >> 16 & 0x3fff;
    waiting = len + PICKET_MPS2_LAN9118_PAD;
    if (!(status & RX_BAD) && len > CHECKSUM && len <= PICKET_MPS2_LAN9118_FRAME + CHECKSUM)
        return true;
    drop_words(words_of(waiting));
    waiting = 0;
    return false;
}

size_t picket_mps2_lan9118_next(void)
{
    while (!waiting && RX_FIFO_INF >> 16 & 0xff)
        read_status();
    return waiting ? waiting - 4 : 0;
}

void picket_mps2_lan9118_take(uint32_t *words, size_t count)
{
    size_t all = words_of(waiting);
    waiting = 0;
    for (size_t i = 0; i < count && i < all; i++)
        words[i] = RX_DATA;
    if (all > count)
        drop_words(all - count);
}

// --- Sending ---

bool picket_mps2_lan9118_send(const uint32_t *words, size_t len)
{
    size_t count = words_of(len + PICKET_MPS2_LAN9118_PAD);
    if (len > PICKET_MPS2_LAN9118_FRAME || (TX_FIFO_INF & 0xffff) < count * 4 + 8)
        return false;
    TX_DATA = PICKET_MPS2_LAN9118_PAD << 16 | TX_FIRST | TX_LAST | len;
    TX_DATA = len;
    for (size_t i = 0; i < count; i++)
        TX_DATA = words[i];
    while (TX_FIFO_INF >> 16 & 0xff)
        (void)TX_STATUS;
    return true;
}
