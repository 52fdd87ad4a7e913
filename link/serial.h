// serial.h: a serial line of this computer.
#ifndef PICKET_LINK_SERIAL_H
#define PICKET_LINK_SERIAL_H

#define SERIAL_BAUD 921600

// Open it, as 8N1 without any processing, for this process alone. A descriptor, or -1 and *why in a few
// words.
int serial_open(const char *device, long baud, const char **why);

#endif
