// QEMU's mps2-an385 and mps2-an505.
#include "board.h"
#include "lwip/netif.h"
#include "mps2_semihosting.h"
#include "mps2_stack.h"

void board_start(void)
{
}

void board_address(char text[PICKET_ADDRESS_TEXT])
{
    ip4addr_ntoa_r(netif_ip4_addr(netif_default), text, PICKET_ADDRESS_TEXT);
}

// QEMU counts none.
uint64_t board_cycles(void)
{
    return 0;
}

void board_stack(size_t *size, size_t *peak)
{
    *size = picket_mps2_stack_size();
    *peak = picket_mps2_stack_peak();
}

void board_exit(int code)
{
    picket_mps2_exit(code);
}
