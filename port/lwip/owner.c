#include <stdatomic.h>
#include <stddef.h>

#include "lwip_board.h"
#include "lwip_owner.h"

static _Atomic(void *) owner; // NULL: nobody
static unsigned depth;        // the owner's

// Without contexts of its own there is one.
static void *context(void)
{
    static char only;
    const picket_lwip_board_t *board = picket_lwip_board();
    return board->context != NULL ? board->context(board->ctx) : &only;
}

bool picket_lwip_take(void)
{
    void *me = context();
    picket_lwip_guard(true);
    bool mine = owner == NULL || owner == me;
    if (mine) {
        owner = me;
        depth++;
    }
    picket_lwip_guard(false);
    return mine;
}

void picket_lwip_give(void)
{
    picket_lwip_guard(true);
    if (--depth == 0)
        owner = NULL;
    picket_lwip_guard(false);
}

bool picket_lwip_is_beside(void)
{
    void *who = owner;
    return who != NULL && who != context();
}
