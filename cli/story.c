// story.c: see story.h.
#define _DEFAULT_SOURCE // explicit_bzero
#include "story.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../src/http1.h"
#include "memory.h"
#include "message.h"

void story_log(void *ctx, enum picket_log_level level, const char *text)
{
    (void)ctx;
    // The lines for debugging name what the two heads show, later than those.
    if (level != PICKET_LOG_DEBUG)
        message_story('*', "%s", text);
}

// Cut off behind the scheme ("Authorization: Basic ..."): what is told may end in a log.
static const char *hide_credentials(char *line)
{
    static const char *const names[] = {"Authorization: ", "Proxy-Authorization: "};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const size_t len = strlen(names[i]);
        if (strncasecmp(line, names[i], len) != 0)
            continue;
        char *const blank = strchr(line + len, ' ');
        *(blank != NULL ? blank : line + len - 1) = '\0';
        return " (hidden)";
    }
    return "";
}

// Lines that end with CR LF.
static void tell_lines(char mark, char *text)
{
    for (char *line = text; *line != '\0';) {
        char *const end = strstr(line, "\r\n");
        if (end == NULL)
            return;
        *end = '\0';
        const char *const hidden = hide_credentials(line);
        message_story(mark, "%s%s", line, hidden);
        line = end + 2;
    }
}

void story_request(const picket_request_t *request, const picket_config_t *config)
{
    url_t url;
    http1_request_t head = {
        .url = &url,
        .method = request->method,
        .headers = request->headers,
        .header_count = request->header_count,
        .has_body = request->body_len != 0 || request->body != NULL,
        .body_len = request->body_len,
        .user_agent = config->user_agent,
        .user = request->user,
        .password = request->password,
        .bearer = request->bearer,
        .expect = request->expect_continue,
        .keep = config->keep_ms != PICKET_KEEP_NEVER,
    };

    if (url_parse_login(request->url, &url, NULL) != 0)
        return;
    if (url.login != NULL && head.user == NULL)
        head.user = ""; // the URL's; its value is not shown
    if (config->proxy != NULL && config->proxy->url != NULL && !url.secure)
        head.proxy = config->proxy;
    const int len = http1_write_head(&head, NULL, 0, NULL);
    if (len <= 0)
        return;
    char *const text = memory_resize(NULL, (size_t)len + 1);
    http1_write_head(&head, text, (size_t)len, NULL);
    text[len] = '\0';
    tell_lines('>', text);
    explicit_bzero(text, (size_t)len);
    free(text);
}

void story_response(const picket_http_t *http)
{
    const char *name, *value;

    message_story('<', "HTTP/1.%d %d %s", picket_http_version(http) % 10, picket_http_status(http),
                  picket_http_reason(http));
    for (unsigned i = 0; picket_http_header_at(http, i, &name, &value) == 1; i++)
        message_story('<', "%s: %s", name, value);
    message_story('<', "%s", "");
}
