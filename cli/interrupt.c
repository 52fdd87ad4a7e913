// interrupt.c: see interrupt.h.
#include "interrupt.h"

#include <signal.h>
#include <string.h>

static volatile sig_atomic_t caught;

static void remember(int signal_number)
{
    caught = signal_number;
}

// What the parent chose to ignore stays ignored (nohup, a shell's background jobs).
static void catch_unless_ignored(int signal_number, const struct sigaction *action)
{
    struct sigaction before;

    if (sigaction(signal_number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(signal_number, action, NULL);
}

void interrupt_catch(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
    // No SA_RESTART: a write that waits for the terminal must end too.
    action.sa_handler = remember;
    action.sa_flags = (int)SA_RESETHAND;
    catch_unless_ignored(SIGINT, &action);
    catch_unless_ignored(SIGTERM, &action);
}

int interrupt_signal(void)
{
    return caught;
}
