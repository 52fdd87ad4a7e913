// poll.c: lwIP is run by Picket's port, which the program polls.
#include "board.h"
#include "pico_stack.h"
#include "picket/port.h"

void board_start(void)
{
}

void board_lock(void)
{
}

void board_unlock(void)
{
}

void board_rest(void)
{
    const picket_port_t *port = picket_port_default();
    uint32_t ms = port->poll(port->ctx);
    echo_if_due();
    port->wait(port->ctx, ms < 2 ? ms : 2);
}

void board_stack(size_t *size, size_t *peak)
{
    picket_pico_stack(size, peak);
}

int main(void)
{
    return application();
}
