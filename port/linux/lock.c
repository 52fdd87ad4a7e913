#include "linux_lock.h"

#include <stddef.h>

static void (*check_call)(void);

void picket_linux_on_lwip_call(void (*check)(void))
{
    check_call = check;
}

void picket_linux_lwip_called(void)
{
    if (check_call != NULL)
        check_call();
}
