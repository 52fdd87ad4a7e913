// board.h: how lwIP is run: poll.c, background.c, freertos.c.
#ifndef TEST_BOARD_H
#define TEST_BOARD_H

#include <stddef.h>
#include <stdint.h>

int application(void); // main.c

void board_start(void);
void board_lock(void);
void board_unlock(void);
void board_rest(void);                        // of the application's thread, for a moment
void board_stack(size_t *size, size_t *peak); // that TLS or the application runs on, in bytes

// echo.c. Where lwIP runs, often: an echo request when one is due. The latest answer, in microseconds after it was due.
void echo_if_due(void);
extern uint32_t echoes, latest_echo;

#endif
