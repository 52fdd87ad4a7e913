// linux_trace.h: frames to a pcap file.
#ifndef PICKET_LINUX_TRACE_H
#define PICKET_LINUX_TRACE_H

#include <stddef.h>

// Close the trace, if there is one, and begin another unless path is NULL. Returns 0, or -1 with errno.
int picket_linux_trace_open(const char *path);
void picket_linux_trace_frame(const void *frame, size_t len);
void picket_linux_trace_flush(void);

#endif
