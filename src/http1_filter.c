// http1_filter.c: one function for each place in a response where a byte may stand (RFC 9112, RFC 9110
// section 5).
#include "http1_filter.h"

#include <string.h>

#include "http1_text.h"
#include "picket/error.h"
#include "picket/options.h"

// A chunk's size in so many digits holds everything up to INT64_MAX; more can only be leading zeros.
#define SIZE_DIGITS   16

// Extensions mean nothing to anybody. So many bytes of them are skipped in a line, CR included.
#define EXTENSION_MAX 1024

enum state {
    // The head, and the trailer section
    AT_VERSION,
    AT_MINOR,
    AT_VERSION_END,
    AT_STATUS,
    AT_STATUS_END,
    AT_REASON,
    AT_STATUS_LF,
    AT_LINE,
    AT_NAME,
    AT_VALUE,
    AT_LENGTH,
    AT_LENGTH_DIGIT,
    AT_LENGTH_END,
    AT_CODING,
    AT_CODING_NAME,
    AT_CODING_END,
    AT_FIELD_LF,
    AT_SECTION_LF,
    // The lines of chunks
    AT_SIZE,
    AT_SIZE_DIGIT,
    AT_EXTENSION,
    AT_EXTENSION_NAME,
    AT_EXTENSION_NAME_CHAR,
    AT_EXTENSION_NAME_END,
    AT_EXTENSION_VALUE,
    AT_EXTENSION_VALUE_CHAR,
    AT_EXTENSION_QUOTED,
    AT_EXTENSION_ESCAPE,
    AT_EXTENSION_QUOTED_END,
    AT_SIZE_LF,
    AT_CHUNK_CR,
    AT_CHUNK_LF,
    STEPS,
    // What is not looked at byte by byte
    AT_CHUNK_DATA = STEPS,
    AT_DATA,
    AT_DATA_UNTIL_CLOSE,
    AT_END,
    FAILED
};

enum field { FIELD_OTHER, FIELD_LENGTH, FIELD_CODING };

static const char *const framing_fields[] = {"content-length", "transfer-encoding"};

static void fail(http1_filter_t *f, int error, const char *why)
{
    f->state = FAILED;
    f->error = error;
    f->why = why;
}

static void go(http1_filter_t *f, enum state state)
{
    f->state = (uint8_t)state;
}

static void begin_section(http1_filter_t *f, enum state state)
{
    f->size = 0;
    f->fields = 0;
    go(f, state);
}

// What is wrong with a control character where text is expected.
static void fail_control(http1_filter_t *f, char c)
{
    if (c == '\n')
        fail(f, PICKET_ERR_HTTP_HEAD, "line ends without CR");
    else if (c == '\0')
        fail(f, PICKET_ERR_HTTP_HEAD, "NUL in the head");
    else
        fail(f, PICKET_ERR_HTTP_HEAD, "control character in the head");
}

// --- The status line

static void in_version(http1_filter_t *f, char c)
{
    static const char literal[] = "HTTP/1.";

    if (c != literal[f->matched]) {
        const bool is_tls = f->matched == 0 && (c == 0x15 || c == 0x16);
        fail(f, PICKET_ERR_NOT_HTTP, is_tls ? "the server speaks TLS here" : "no HTTP/1.1 status line");
        return;
    }
    if (literal[++f->matched] == '\0')
        go(f, AT_MINOR);
}

static void in_minor(http1_filter_t *f, char c)
{
    if (c != '0' && c != '1') {
        fail(f, PICKET_ERR_NOT_HTTP, "neither HTTP/1.0 nor HTTP/1.1");
        return;
    }
    f->minor = (uint8_t)(c - '0');
    go(f, AT_VERSION_END);
}

static void after_version(http1_filter_t *f, char c)
{
    if (c == ' ')
        go(f, AT_STATUS);
    else if (http1_is_digit(c))
        fail(f, PICKET_ERR_NOT_HTTP, "neither HTTP/1.0 nor HTTP/1.1");
    else
        fail(f, PICKET_ERR_HTTP_HEAD, "no status code after the version");
}

static void in_status(http1_filter_t *f, char c)
{
    if (!http1_is_digit(c)) {
        fail(f, PICKET_ERR_HTTP_HEAD, "status code is not three digits");
        return;
    }
    if (f->digits == 0 && (c < '1' || c > '5')) {
        fail(f, PICKET_ERR_HTTP_HEAD, "status code out of range");
        return;
    }
    if (++f->digits == 3)
        go(f, AT_STATUS_END);
}

// The blank after the code goes with the reason phrase, which many servers leave out.
static void after_status(http1_filter_t *f, char c)
{
    if (c == ' ')
        go(f, AT_REASON);
    else if (c == '\r')
        go(f, AT_STATUS_LF);
    else if (c == '\n')
        fail_control(f, c);
    else
        fail(f, PICKET_ERR_HTTP_HEAD, "status code is not three digits");
}

static void in_reason(http1_filter_t *f, char c)
{
    if (c == '\r')
        go(f, AT_STATUS_LF);
    else if (!http1_is_text(c))
        fail_control(f, c);
}

static void expect_lf(http1_filter_t *f, char c, enum state then)
{
    if (c == '\n')
        go(f, then);
    else
        fail(f, PICKET_ERR_HTTP_HEAD, "CR without LF");
}

static void after_status_cr(http1_filter_t *f, char c)
{
    expect_lf(f, c, AT_LINE);
}

// --- Fields

static void match_name(http1_filter_t *f, char c)
{
    for (unsigned i = 0; i < 2; i++)
        if ((f->candidates & (1u << i)) != 0 && framing_fields[i][f->matched] != http1_lower(c))
            f->candidates &= (uint8_t) ~(1u << i);
    if (f->candidates != 0)
        f->matched++;
}

static enum field matched_field(const http1_filter_t *f)
{
    for (unsigned i = 0; i < 2; i++)
        if ((f->candidates & (1u << i)) != 0 && framing_fields[i][f->matched] == '\0')
            return (enum field)(FIELD_LENGTH + i);
    return FIELD_OTHER;
}

static void begin_name(http1_filter_t *f, char c)
{
    if (f->fields == PICKET_HTTP_HEADERS) {
        fail(f, PICKET_ERR_HTTP_HEADERS, f->trailer ? "too many trailer fields" : "too many header fields");
        return;
    }
    f->fields++;
    f->matched = 0;
    f->candidates = 3;
    match_name(f, c);
    go(f, AT_NAME);
}

// llhttp is shown no trailer field: it would read a Content-Length there.
static void in_line(http1_filter_t *f, char c)
{
    f->hidden = f->trailer && c != '\r';
    if (c == '\r')
        go(f, AT_SECTION_LF);
    else if (http1_is_blank(c))
        fail(f, PICKET_ERR_HTTP_HEAD, "folded header line");
    else if (c == ':')
        fail(f, PICKET_ERR_HTTP_HEAD, "header field without a name");
    else if (c == '\n' || c == '\0')
        fail_control(f, c);
    else if (!http1_is_token(c))
        fail(f, PICKET_ERR_HTTP_HEAD, "character in a header name that is not allowed");
    else
        begin_name(f, c);
}

static void begin_length(http1_filter_t *f)
{
    if (f->trailer)
        fail(f, PICKET_ERR_HTTP_LENGTH, "Content-Length in the trailer");
    else if (f->coded)
        fail(f, PICKET_ERR_HTTP_LENGTH, "Content-Length with Transfer-Encoding");
    else if (f->length >= 0)
        fail(f, PICKET_ERR_HTTP_LENGTH, "more than one Content-Length");
    else
        go(f, AT_LENGTH);
}

static void begin_coding(http1_filter_t *f)
{
    f->matched = 0;
    if (f->trailer)
        fail(f, PICKET_ERR_HTTP_CODING, "Transfer-Encoding in the trailer");
    else if (f->coded)
        fail(f, PICKET_ERR_HTTP_CODING, "more than one Transfer-Encoding");
    else if (f->length >= 0)
        fail(f, PICKET_ERR_HTTP_LENGTH, "Content-Length with Transfer-Encoding");
    else if (f->minor == 0)
        fail(f, PICKET_ERR_HTTP_CODING, "Transfer-Encoding in HTTP/1.0");
    else
        go(f, AT_CODING);
}

static void end_name(http1_filter_t *f)
{
    f->field = (uint8_t)matched_field(f);
    if (f->field == FIELD_LENGTH)
        begin_length(f);
    else if (f->field == FIELD_CODING)
        begin_coding(f);
    else
        go(f, AT_VALUE);
}

static void in_name(http1_filter_t *f, char c)
{
    if (c == ':')
        end_name(f);
    else if (http1_is_token(c))
        match_name(f, c);
    else if (http1_is_blank(c))
        fail(f, PICKET_ERR_HTTP_HEAD, "blank in a header name or before its colon");
    else if (c == '\r')
        fail(f, PICKET_ERR_HTTP_HEAD, "header line without a colon");
    else if (c == '\n' || c == '\0')
        fail_control(f, c);
    else
        fail(f, PICKET_ERR_HTTP_HEAD, "character in a header name that is not allowed");
}

static void end_value(http1_filter_t *f)
{
    f->hidden = f->trailer;
    go(f, AT_FIELD_LF);
}

static void in_value(http1_filter_t *f, char c)
{
    if (c == '\r')
        end_value(f);
    else if (!http1_is_text(c))
        fail_control(f, c);
}

static void after_field_cr(http1_filter_t *f, char c)
{
    expect_lf(f, c, AT_LINE);
}

static void after_section_cr(http1_filter_t *f, char c)
{
    expect_lf(f, c, AT_END);
}

// --- Content-Length

static void fail_length(http1_filter_t *f, char c)
{
    if (http1_is_text(c) || c == '\r')
        fail(f, PICKET_ERR_HTTP_LENGTH,
             c == '\r' ? "Content-Length is empty" : "Content-Length is not a number");
    else
        fail_control(f, c);
}

static void take_length(http1_filter_t *f, char c)
{
    const uint64_t more = (uint64_t)f->length * 10 + (uint64_t)(c - '0');

    if (f->length > INT64_MAX / 10 || more > INT64_MAX)
        fail(f, PICKET_ERR_HTTP_LENGTH, "Content-Length out of range");
    else
        f->length = (int64_t)more;
}

static void before_length(http1_filter_t *f, char c)
{
    if (http1_is_blank(c))
        return;
    if (!http1_is_digit(c)) {
        fail_length(f, c);
        return;
    }
    f->length = c - '0';
    go(f, AT_LENGTH_DIGIT);
}

// The blanks behind a framing field are hidden: llhttp does not take a HTAB there.
static void after_length(http1_filter_t *f, char c)
{
    if (c == '\r')
        end_value(f);
    else if (!http1_is_blank(c))
        fail_length(f, c);
    else {
        f->hidden = true;
        go(f, AT_LENGTH_END);
    }
}

static void in_length(http1_filter_t *f, char c)
{
    if (http1_is_digit(c))
        take_length(f, c);
    else
        after_length(f, c);
}

// --- Transfer-Encoding

static void fail_coding(http1_filter_t *f, char c)
{
    if (http1_is_text(c) || c == '\r')
        fail(f, PICKET_ERR_HTTP_CODING, "Transfer-Encoding is not chunked alone");
    else
        fail_control(f, c);
}

static void in_coding(http1_filter_t *f, char c)
{
    static const char literal[] = "chunked";

    if (http1_lower(c) != literal[f->matched]) {
        fail_coding(f, c);
        return;
    }
    f->coded = true;
    go(f, literal[++f->matched] == '\0' ? AT_CODING_END : AT_CODING_NAME);
}

static void before_coding(http1_filter_t *f, char c)
{
    if (!http1_is_blank(c))
        in_coding(f, c);
}

static void after_coding(http1_filter_t *f, char c)
{
    if (c == '\r')
        end_value(f);
    else if (http1_is_blank(c))
        f->hidden = true;
    else
        fail_coding(f, c);
}

// --- Chunks

static void fail_chunk(http1_filter_t *f, const char *why)
{
    fail(f, PICKET_ERR_HTTP_CHUNK, why);
}

static void begin_chunk(http1_filter_t *f)
{
    f->left = 0;
    f->digits = 0;
    f->extension = 0;
    go(f, AT_SIZE);
}

static void take_size(http1_filter_t *f, int digit)
{
    if (f->left > INT64_MAX >> 4)
        fail_chunk(f, "chunk size out of range");
    else if (f->digits == SIZE_DIGITS)
        fail_chunk(f, "chunk size has too many digits");
    else {
        f->left = f->left << 4 | (uint64_t)digit;
        f->digits++;
        go(f, AT_SIZE_DIGIT);
    }
}

static void before_size(http1_filter_t *f, char c)
{
    const int digit = http1_hex(c);

    if (digit >= 0)
        take_size(f, digit);
    else
        fail_chunk(f, "chunk size is not a hexadecimal number");
}

static void end_size(http1_filter_t *f)
{
    f->hidden = false;
    go(f, AT_SIZE_LF);
}

static void in_size(http1_filter_t *f, char c)
{
    if (c == '\r')
        end_size(f);
    else if (c == ';' || http1_is_blank(c)) {
        f->hidden = true;
        go(f, c == ';' ? AT_EXTENSION_NAME : AT_EXTENSION);
    } else if (c == '\n')
        fail_chunk(f, "chunk line ends without CR");
    else
        before_size(f, c);
}

static void after_size_cr(http1_filter_t *f, char c)
{
    if (c != '\n') {
        fail_chunk(f, "CR without LF in a chunk line");
        return;
    }
    f->trailer = f->left == 0;
    if (f->trailer)
        begin_section(f, AT_LINE);
    else
        go(f, AT_CHUNK_DATA);
}

static void after_chunk(http1_filter_t *f, char c)
{
    if (c == '\r')
        go(f, AT_CHUNK_LF);
    else
        fail_chunk(f, "chunk data is not followed by CRLF");
}

static void after_chunk_cr(http1_filter_t *f, char c)
{
    if (c == '\n')
        begin_chunk(f);
    else
        fail_chunk(f, "chunk data is not followed by CRLF");
}

// --- Chunk extensions: *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )

static void fail_extension(http1_filter_t *f)
{
    fail_chunk(f, "malformed chunk extension");
}

static void before_extension(http1_filter_t *f, char c)
{
    if (c == ';')
        go(f, AT_EXTENSION_NAME);
    else if (!http1_is_blank(c))
        fail_extension(f);
}

static void before_extension_name(http1_filter_t *f, char c)
{
    if (http1_is_token(c))
        go(f, AT_EXTENSION_NAME_CHAR);
    else if (!http1_is_blank(c))
        fail_extension(f);
}

static void after_extension_name(http1_filter_t *f, char c)
{
    if (c == '=')
        go(f, AT_EXTENSION_VALUE);
    else
        before_extension(f, c);
}

// Behind a complete extension: the next one, blanks before it, or the end of the line.
static void after_extension(http1_filter_t *f, char c)
{
    if (c == '\r')
        end_size(f);
    else {
        go(f, AT_EXTENSION);
        before_extension(f, c);
    }
}

static void in_extension_name(http1_filter_t *f, char c)
{
    if (c == '=')
        go(f, AT_EXTENSION_VALUE);
    else if (http1_is_blank(c))
        go(f, AT_EXTENSION_NAME_END);
    else if (!http1_is_token(c))
        after_extension(f, c);
}

static void before_extension_value(http1_filter_t *f, char c)
{
    if (c == '"')
        go(f, AT_EXTENSION_QUOTED);
    else if (http1_is_token(c))
        go(f, AT_EXTENSION_VALUE_CHAR);
    else if (!http1_is_blank(c))
        fail_extension(f);
}

static void in_extension_value(http1_filter_t *f, char c)
{
    if (!http1_is_token(c))
        after_extension(f, c);
}

static void in_extension_quoted(http1_filter_t *f, char c)
{
    if (c == '"')
        go(f, AT_EXTENSION_QUOTED_END);
    else if (c == '\\')
        go(f, AT_EXTENSION_ESCAPE);
    else if (!http1_is_text(c))
        fail_extension(f);
}

static void in_extension_escape(http1_filter_t *f, char c)
{
    if (http1_is_text(c))
        go(f, AT_EXTENSION_QUOTED);
    else
        fail_extension(f);
}

// --- The machine

static void (*const steps[STEPS])(http1_filter_t *f, char c) = {
    [AT_VERSION] = in_version,
    [AT_MINOR] = in_minor,
    [AT_VERSION_END] = after_version,
    [AT_STATUS] = in_status,
    [AT_STATUS_END] = after_status,
    [AT_REASON] = in_reason,
    [AT_STATUS_LF] = after_status_cr,
    [AT_LINE] = in_line,
    [AT_NAME] = in_name,
    [AT_VALUE] = in_value,
    [AT_LENGTH] = before_length,
    [AT_LENGTH_DIGIT] = in_length,
    [AT_LENGTH_END] = after_length,
    [AT_CODING] = before_coding,
    [AT_CODING_NAME] = in_coding,
    [AT_CODING_END] = after_coding,
    [AT_FIELD_LF] = after_field_cr,
    [AT_SECTION_LF] = after_section_cr,
    [AT_SIZE] = before_size,
    [AT_SIZE_DIGIT] = in_size,
    [AT_EXTENSION] = before_extension,
    [AT_EXTENSION_NAME] = before_extension_name,
    [AT_EXTENSION_NAME_CHAR] = in_extension_name,
    [AT_EXTENSION_NAME_END] = after_extension_name,
    [AT_EXTENSION_VALUE] = before_extension_value,
    [AT_EXTENSION_VALUE_CHAR] = in_extension_value,
    [AT_EXTENSION_QUOTED] = in_extension_quoted,
    [AT_EXTENSION_ESCAPE] = in_extension_escape,
    [AT_EXTENSION_QUOTED_END] = after_extension,
    [AT_SIZE_LF] = after_size_cr,
    [AT_CHUNK_CR] = after_chunk,
    [AT_CHUNK_LF] = after_chunk_cr,
};

// Body data needs no look at its bytes, only their count.
static size_t skip_data(http1_filter_t *f, size_t len)
{
    if (f->state == AT_DATA_UNTIL_CLOSE)
        return len;
    if (f->left < len)
        len = (size_t)f->left;
    f->left -= len;
    if (f->left == 0)
        go(f, f->state == AT_CHUNK_DATA ? AT_CHUNK_CR : AT_END);
    return len;
}

static void count(http1_filter_t *f)
{
    if (f->state <= AT_SECTION_LF && f->size++ == f->size_max)
        fail(f, PICKET_ERR_HTTP_HEAD_SIZE, f->trailer ? "trailer section too large" : "");
    else if (f->state >= AT_EXTENSION && f->state <= AT_EXTENSION_QUOTED_END &&
             f->extension++ == EXTENSION_MAX)
        fail_chunk(f, "chunk extension too long");
}

size_t http1_filter_step(http1_filter_t *f, const char *data, size_t len)
{
    if (f->state >= AT_END)
        return 0;
    if (f->state >= STEPS)
        return skip_data(f, len);
    count(f);
    if (f->state != FAILED)
        steps[f->state](f, *data);
    return f->state != FAILED;
}

bool http1_filter_stopped(const http1_filter_t *f)
{
    return f->state == AT_END;
}

void http1_filter_start(http1_filter_t *f, size_t size_max)
{
    memset(f, 0, sizeof *f);
    f->size_max = size_max;
    f->length = -1;
    f->why = "";
    begin_section(f, AT_VERSION);
}

void http1_filter_body(http1_filter_t *f, enum http1_body body)
{
    if (body == HTTP1_BODY_CHUNKED)
        begin_chunk(f);
    else if (body == HTTP1_BODY_UNTIL_CLOSE)
        go(f, AT_DATA_UNTIL_CLOSE);
    else if (body == HTTP1_BODY_LENGTH) {
        f->left = (uint64_t)f->length;
        go(f, AT_DATA);
    }
}
