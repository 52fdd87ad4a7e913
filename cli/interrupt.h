// interrupt.h: Ctrl-C and SIGTERM end the exchange in an orderly way. A second one ends the process at once.
#ifndef PICKET_CLI_INTERRUPT_H
#define PICKET_CLI_INTERRUPT_H

// Catch SIGINT and SIGTERM, ignore SIGPIPE: a write to a closed pipe says so by itself.
void interrupt_catch(void);

// The signal that came, or 0.
int interrupt_signal(void);

#endif
