// log.h: the story, line by line, for config.log. Nothing secret, nothing unprintable.
#ifndef PICKET_LOG_H
#define PICKET_LOG_H

#include "picket/picket.h"
#include "stream.h"

void log_text(const picket_config_t *config, enum picket_log_level level, const char *text);
void log_error(const picket_config_t *config, int error, const char *detail);
void log_connected(const picket_config_t *config, const stream_t *stream, bool again);
void log_status(const picket_config_t *config, int status);

#endif
