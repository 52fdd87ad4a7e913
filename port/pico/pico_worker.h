// pico_worker.h: where the altcp layer's worker runs (picket/altcp.h), with the SDK's Wi-Fi libraries. The functions are those
// of lwip_port.h; they are there with picket_altcp.
//
//   poll                    as one of the arch's workers, in cyw43_arch_poll
//   threadsafe_background   in an interrupt of the lowest priority, below that of lwIP, which picket_altcp raises
//                           (ASYNC_CONTEXT_THREADSAFE_BACKGROUND_DEFAULT_LOW_PRIORITY_IRQ_HANDLER_PRIORITY), on the core
//                           that the arch was started on. After a slice of arithmetic it leaves PICKET_PICO_REST_US to the
//                           application.
//   FreeRTOS                in a task of its own
#ifndef PICKET_PICO_WORKER_H
#define PICKET_PICO_WORKER_H

#include <stdint.h>

// What the application's thread gets between two slices of arithmetic (PICKET_SLICE_MS), in microseconds, where the worker
// is an interrupt. Lower: a handshake is faster, and the application stands still meanwhile.
#ifndef PICKET_PICO_REST_US
#define PICKET_PICO_REST_US 1000
#endif

// The task: its priority, below TCPIP_THREAD_PRIO (where that is 1, lwIP's default, the same: then lwIP waits
// for a tick at most), and its stack in bytes. TLS runs on it, so that it must be larger than PICKET_STACK_SIZE
// by what the application's callbacks need.
#ifndef PICKET_PICO_TASK_PRIORITY
#define PICKET_PICO_TASK_PRIORITY (TCPIP_THREAD_PRIO > 1 ? TCPIP_THREAD_PRIO - 1 : 1)
#endif
#ifndef PICKET_PICO_TASK_STACK
#define PICKET_PICO_TASK_STACK (PICKET_STACK_SIZE + 3072)
#endif

// 0; PICKET_ERR_NO_SLOT: no user interrupt or no hardware alarm is free; PICKET_ERR_ARG: not on the core that
// the arch was started on; PICKET_ERR_NO_MEMORY: none for the task.
int picket_pico_worker_start(void);

void picket_pico_worker(void *ctx, uint32_t ms, void (*work)(void));
void *picket_pico_context(void *ctx);
void picket_pico_guard(void *ctx);
void picket_pico_unguard(void *ctx);

#endif
