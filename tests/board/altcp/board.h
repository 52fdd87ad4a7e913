// board.h: how lwIP is run: poll.c, background.c.
#ifndef TEST_BOARD_H
#define TEST_BOARD_H

#include <stdint.h>

void board_start(void);
void board_lock(void);
void board_unlock(void);
void board_rest(void); // of the application's thread, for a moment

// echo.c. Where lwIP runs, often: an echo request when one is due. The latest answer, in microseconds after it was due.
void echo_if_due(void);
extern uint32_t echoes, latest_echo;

#endif
