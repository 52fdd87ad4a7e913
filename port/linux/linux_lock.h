// linux_lock.h: a check, for tests, that lwIP is called only by whoever may.
#ifndef PICKET_LINUX_LOCK_H
#define PICKET_LINUX_LOCK_H

// From now on lwIP calls this in most of its functions (LWIP_ASSERT_CORE_LOCKED). NULL: nothing. Set it while
// nobody calls lwIP.
void picket_linux_on_lwip_call(void (*check)(void));

// lwIP's (arch/lwip_options.h).
void picket_linux_lwip_called(void);

#endif
