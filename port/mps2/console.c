#include "mps2_console.h"

#include <string.h>

#include "mps2_machine.h"
#include "mps2_semihosting.h"

#define UART_DATA    PICKET_MPS2_REGISTER(PICKET_MPS2_UART + 0x00)
#define UART_STATE   PICKET_MPS2_REGISTER(PICKET_MPS2_UART + 0x04)
#define UART_CTRL    PICKET_MPS2_REGISTER(PICKET_MPS2_UART + 0x08)
#define UART_BAUDDIV PICKET_MPS2_REGISTER(PICKET_MPS2_UART + 0x10)
enum { TX_FULL = 1, TX_ENABLE = 1, EXIT_PANIC = 70 };

void picket_mps2_console_start(void)
{
    UART_BAUDDIV = 16;
    UART_CTRL = TX_ENABLE;
}

// Looking at the register in a loop would keep QEMU from emptying it. A tick ends the sleep, but not in a fault.
static void write_byte(uint8_t byte)
{
    while (UART_STATE & TX_FULL)
        if (!picket_mps2_in_interrupt())
            picket_mps2_sleep();
    UART_DATA = byte;
}

void picket_mps2_write(const void *data, size_t len)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < len; i++)
        write_byte(bytes[i]);
}

void picket_mps2_print(const char *text)
{
    picket_mps2_write(text, strlen(text));
}

void picket_mps2_print_hex(uint32_t number)
{
    char digits[] = "0x00000000";
    for (unsigned i = 0; i < 8; i++)
        digits[2 + i] = "0123456789abcdef"[number >> (28 - 4 * i) & 15U];
    picket_mps2_print(digits);
}

void picket_mps2_panic(const char *message)
{
    picket_mps2_print("picket: panic: ");
    picket_mps2_print(message);
    picket_mps2_print("\npicket: exit 70\n");
    picket_mps2_exit(EXIT_PANIC);
}
