// driver.h: what the rest of Picket has to say to the arithmetic under Mbed TLS.
#ifndef PICKET_DRIVER_H
#define PICKET_DRIVER_H

#include "../kernels/kernels.h"

// Called between the steps of a long operation, about every millisecond at 125 MHz: it may switch to other work and
// return later. False ends the operation (PSA_ERROR_INSUFFICIENT_MEMORY, as Mbed TLS's own arithmetic ends when it is
// refused memory). NULL: nobody is asked.
void driver_set_go_on(kernel_go_on_t go_on);
kernel_go_on_t driver_go_on(void);

#endif
