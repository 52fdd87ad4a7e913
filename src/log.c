#include "log.h"

#include "text.h"
#include "url.h"

#define LINE 192

void log_text(const picket_config_t *config, enum picket_log_level level, const char *text)
{
    if (config->log != NULL)
        config->log(config->ctx, level, text);
}

void log_error(const picket_config_t *config, int error, const char *detail)
{
    char line[LINE];
    text_t t = text_in(line, sizeof line);
    text_str(&t, picket_strerror(error));
    if (detail[0] != '\0') {
        text_str(&t, ": ");
        text_str(&t, detail);
    }
    log_text(config, PICKET_LOG_ERROR, line);
}

static void put_tls(text_t *t, const picket_detail_t *detail)
{
    text_str(t, detail->tls_version == PICKET_TLS_1_3 ? ", TLSv1.3, " : ", TLSv1.2, ");
    text_str(t, picket_suite_name(detail->tls_suite));
    text_str(t, detail->resumed ? ", session resumed" : ", certificate verified");
}

void log_connected(const picket_config_t *config, const stream_t *stream, bool again)
{
    char line[LINE], address[PICKET_ADDRESS_TEXT];
    picket_detail_t detail = {0};
    if (config->log == NULL)
        return;
    stream_describe(stream, &detail);
    picket_address_format(&detail.address, address);
    text_t t = text_in(line, sizeof line);
    text_str(&t, again ? "again on the connection to " : "connected to ");
    text_str(&t, address);
    text_str(&t, " port ");
    text_num(&t, stream->peer.port);
    if (stream->tls != NULL)
        put_tls(&t, &detail);
    log_text(config, PICKET_LOG_INFO, line);
}

void log_status(const picket_config_t *config, int status)
{
    char line[LINE];
    text_t t = text_in(line, sizeof line);
    text_str(&t, "response status ");
    text_num(&t, status);
    log_text(config, PICKET_LOG_DEBUG, line);
}
