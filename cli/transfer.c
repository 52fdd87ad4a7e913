// transfer.c: see transfer.h.
//
// A loop of steps that never wait: write what the pipe takes, send what the server takes, read what has come.
// When nothing can move the network is served, and then the loop sleeps on whatever it is waiting for. So a
// reader of standard output that has stopped, or a silent writer of standard input, stops neither TCP nor the
// deadlines.
#include "transfer.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "body.h"
#include "exit_code.h"
#include "failure.h"
#include "interrupt.h"
#include "memory.h"
#include "message.h"
#include "output.h"
#include "progress.h"
#include "range.h"
#include "report.h"
#include "request.h"
#include "story.h"
#include "write_out.h"

enum {
    WAIT_MAX_MS = 200, // the network: how late Ctrl-C and the progress bar may come
    FILE_WAIT_MS = 20, // a pipe: how long the network may go unserved
    STOPPED = -1000,   // failed on this side, and transfer.failure says why
};

struct transfer {
    const struct command *command;
    const char *path; // of the output; NULL: standard output
    char *remote_name;
    struct body body;
    struct request request;
    picket_http_t http;
    struct range range;
    struct output output;
    struct progress progress;
    struct failure failure;
    bool sending; // the request body is not out yet
    bool told;    // the request, to the user
    bool begun;   // the response head is in
    bool ended;   // the response is complete or broken off, and end is what the library said
    int end;
    struct pollfd file; // what the last step waits for; fd -1: the network
    char *head;         // the response head as text, and the first body bytes after it
    char buffer[16384];
};

static int stop_writing(struct transfer *transfer, int error)
{
    failure_set(&transfer->failure, EXIT_WRITE, "%s cannot be written: %s", output_name(&transfer->output),
                strerror(error));
    return STOPPED;
}

static int wait_for_file(struct transfer *transfer, int fd, short events)
{
    transfer->file = (struct pollfd){.fd = fd, .events = events};
    return PICKET_AGAIN;
}

// --- sending ---

static int stop_reading(struct transfer *transfer, int why)
{
    failure_set(&transfer->failure, EXIT_READ, "%s cannot be read: %s", transfer->body.name,
                why == BODY_SHRUNK ? "it became shorter while it was sent" : strerror(errno));
    return STOPPED;
}

// Standard input has nothing yet. Meanwhile the exchange may have failed.
static int wait_for_body(struct transfer *transfer)
{
    const int error = picket_http_detail(&transfer->http).error;

    if (error != 0)
        return error;
    return wait_for_file(transfer, transfer->body.fd, POLLIN);
}

static int finish_sending(struct transfer *transfer)
{
    const int result = picket_http_finish(&transfer->http);

    if (result != 0)
        return result;
    transfer->sending = false;
    return 1;
}

static int send_some(struct transfer *transfer)
{
    const char *data = NULL;
    const int len = body_peek(&transfer->body, &data);

    if (len == BODY_END)
        return finish_sending(transfer);
    if (len == BODY_WAIT)
        return wait_for_body(transfer);
    if (len < 0)
        return stop_reading(transfer, len);
    const int n = picket_http_write(&transfer->http, data, (size_t)len);
    if (n == PICKET_ERR_DONE) {
        transfer->sending = false;
        return 1;
    }
    if (n > 0)
        body_take(&transfer->body, (size_t)n);
    return n;
}

// --- receiving ---

static void append(char **text, size_t *len, const char *more, size_t more_len)
{
    *text = memory_resize(*text, *len + more_len + 1);
    memcpy(*text + *len, more, more_len);
    *len += more_len;
}

static void append_text(char **text, size_t *len, const char *more)
{
    append(text, len, more, strlen(more));
}

static size_t format_head(const picket_http_t *http, char **head)
{
    const char *name, *value;
    char status[32];
    size_t len = 0;

    snprintf(status, sizeof status, "HTTP/1.%d %d ", picket_http_version(http) % 10,
             picket_http_status(http));
    append_text(head, &len, status);
    append_text(head, &len, picket_http_reason(http));
    append_text(head, &len, "\r\n");
    for (unsigned i = 0; picket_http_header_at(http, i, &name, &value) == 1; i++) {
        append_text(head, &len, name);
        append_text(head, &len, ": ");
        append_text(head, &len, value);
        append_text(head, &len, "\r\n");
    }
    append_text(head, &len, "\r\n");
    return len;
}

// Where the library is told to follow none, it says nothing of it.
static bool is_redirect(const picket_http_t *http)
{
    const int status = picket_http_status(http);
    const char *const location = picket_http_header(http, "Location");

    return ((status >= 301 && status <= 303) || status == 307 || status == 308) && location != NULL &&
           location[0] != '\0';
}

static int end_response(struct transfer *transfer, int end)
{
    transfer->ended = true;
    transfer->end = end;
    return 1;
}

// The response head is in: open the output, and give it the head when it is to be shown.
static int begin_response(struct transfer *transfer, size_t *head_len)
{
    const struct options *const options = transfer->command->options;
    const int status = picket_http_status(&transfer->http);

    transfer->begun = true;
    if (options->verbose)
        story_response(&transfer->http);
    const bool may_be_complete = status == 416 && transfer->range.resumes;
    if (options->fail && status >= 400 && !may_be_complete) {
        failure_set(&transfer->failure, EXIT_STATUS, "the server answered with status %d", status);
        return STOPPED;
    }
    if (options->location && options->max_redirects == 0 && is_redirect(&transfer->http)) {
        failure_set(&transfer->failure, exit_code_of(PICKET_ERR_REDIRECTS), "%s",
                    picket_strerror(PICKET_ERR_REDIRECTS));
        return STOPPED;
    }
    if (!options->head)
        switch (range_check(&transfer->range, &transfer->http, &transfer->failure)) {
        case RANGE_TAKE: break;
        case RANGE_DONE: end_response(transfer, 0); return 0;
        case RANGE_WRONG: return STOPPED;
        }
    const int failed = output_open(&transfer->output, transfer->path, transfer->range.resumes);
    if (failed != 0)
        return stop_writing(transfer, failed);
    progress_start(&transfer->progress,
                   transfer->path != NULL && !options->silent && !options->verbose && !options->head &&
                       isatty(STDERR_FILENO),
                   picket_http_length(&transfer->http));
    if (options->include || options->head)
        *head_len = format_head(&transfer->http, &transfer->head);
    return 0;
}

static int receive_some(struct transfer *transfer)
{
    const int n = picket_http_read(&transfer->http, transfer->buffer, sizeof transfer->buffer);
    const bool head_only = transfer->command->options->head;
    size_t head_len = 0;

    if (!transfer->begun && picket_http_status(&transfer->http) > 0)
        if (begin_response(transfer, &head_len) != 0)
            return STOPPED;
    if (transfer->ended)
        return 1;
    if (n > 0 && !head_only) {
        if (!range_take(&transfer->range, n, &transfer->failure))
            return STOPPED;
        progress_add(&transfer->progress, (uint64_t)n);
        // One piece for the output: the head goes before the bytes that came with it.
        if (head_len > 0)
            append(&transfer->head, &head_len, transfer->buffer, (size_t)n);
    }
    if (head_len > 0)
        output_give(&transfer->output, transfer->head, head_len);
    else if (n > 0 && !head_only)
        output_give(&transfer->output, transfer->buffer, (size_t)n);
    if (n <= 0 && n != PICKET_AGAIN)
        return end_response(
            transfer, n == 0 && !head_only && !range_end(&transfer->range, &transfer->failure) ? STOPPED : n);
    // A body after -I (with -X) is not asked for.
    return transfer->begun && head_only ? end_response(transfer, 0) : n;
}

// --- the loop ---

static int write_some(struct transfer *transfer)
{
    const int result = output_flush(&transfer->output);

    if (result > 0)
        return stop_writing(transfer, result);
    if (result == 0)
        return 1;
    if (transfer->ended && transfer->end < 0)
        return transfer->end;
    // The deadlines hold although nobody takes the bytes.
    if (picket_http_detail(&transfer->http).error == PICKET_ERR_TIMEOUT_TOTAL)
        return PICKET_ERR_TIMEOUT_TOTAL;
    return wait_for_file(transfer, transfer->output.fd, POLLOUT);
}

// One step. Above 0: something moved; PICKET_AGAIN; 0: complete; below: failed.
static int step(struct transfer *transfer)
{
    transfer->file.fd = -1;
    if (transfer->output.left > 0)
        return write_some(transfer);
    if (transfer->ended)
        return transfer->end;
    const int sent = transfer->sending ? send_some(transfer) : PICKET_AGAIN;
    // A server may answer while it is still being sent to, and take no more until its answer is read.
    const bool may_read = !transfer->sending || picket_http_status(&transfer->http) > 0;
    return sent == PICKET_AGAIN && may_read ? receive_some(transfer) : sent;
}

// Serve the network; then sleep until something may have changed.
static void rest(struct transfer *transfer)
{
    const picket_port_t *const port = transfer->command->port;
    const uint32_t due = picket_poll(transfer->command->client);

    if (transfer->file.fd >= 0)
        poll(&transfer->file, 1, due > 0 && due < FILE_WAIT_MS ? (int)due : FILE_WAIT_MS);
    else if (due > 0)
        port->wait(port->ctx, due < WAIT_MAX_MS ? due : WAIT_MAX_MS);
}

static void tell_request(struct transfer *transfer)
{
    if (transfer->told || picket_http_detail(&transfer->http).phase < PICKET_PHASE_SEND)
        return;
    story_request(&transfer->request.request, &transfer->command->client->config);
    transfer->told = true;
}

static int run(struct transfer *transfer)
{
    const bool verbose = transfer->command->options->verbose;
    int result = picket_http_start(&transfer->http, transfer->command->client, &transfer->request.request);

    if (result != 0)
        return result;
    do {
        result = step(transfer);
        if (result == PICKET_AGAIN)
            rest(transfer);
        if (verbose)
            tell_request(transfer);
        progress_draw(&transfer->progress);
    } while ((result > 0 || result == PICKET_AGAIN) && interrupt_signal() == 0);
    return result;
}

// --- before and after ---

static int open_body(struct transfer *transfer, size_t index)
{
    const struct options *const options = transfer->command->options;
    const struct form *const form = transfer->command->form;
    const char *path = form->file;

    if (index < options->upload_count)
        path = options->uploads[index];
    if (path == NULL) {
        if (options->data_count > 0)
            body_from_memory(&transfer->body, form->bytes, form->len);
        return 0;
    }
    const int failed = body_from_file(&transfer->body, path);
    if (failed != 0)
        failure_set(&transfer->failure, EXIT_READ, "%s cannot be read: %s", path, strerror(failed));
    return failed;
}

// -O: what stands after the last slash of the path.
static int take_remote_name(struct transfer *transfer)
{
    const char *const start = strstr(transfer->request.url, "://") + 3;
    const char *const end = start + strcspn(start, "?#");
    const char *name = end;

    while (name > start && name[-1] != '/')
        name--;
    if (name == start || name == end) {
        failure_set(&transfer->failure, EXIT_WRITE, "-O: the URL names no file");
        return STOPPED;
    }
    transfer->remote_name = memory_copy(name, (size_t)(end - name));
    transfer->path = transfer->remote_name;
    return 0;
}

static int choose_output(struct transfer *transfer, size_t index)
{
    const struct options *const options = transfer->command->options;

    if (index >= options->output_count)
        return 0;
    if (options->outputs[index] == NULL)
        return take_remote_name(transfer);
    if (strcmp(options->outputs[index], "-") != 0)
        transfer->path = options->outputs[index];
    return 0;
}

static void prepare_and_run(struct transfer *transfer, size_t index)
{
    const int failed = open_body(transfer, index);

    request_build(&transfer->request, transfer->command->options, index, &transfer->body);
    if (failed != 0 || choose_output(transfer, index) != 0)
        return;
    range_ask(&transfer->range, transfer->command->options, transfer->path);
    request_add(&transfer->request, "Range", transfer->range.value);
    transfer->sending = transfer->body.present && transfer->request.request.body == NULL &&
                        transfer->request.request.body_read == NULL;
    const int result = run(transfer);
    if (result == PICKET_ERR_BODY_SOURCE)
        stop_reading(transfer, transfer->body.failed);
    else if (result < 0 && result != STOPPED && result != PICKET_AGAIN) {
        const picket_detail_t detail = picket_http_detail(&transfer->http);
        failure_set_error(&transfer->failure, result, &detail);
    }
}

static void write_out(struct transfer *transfer, const struct report *report)
{
    const char *const type = picket_http_header(&transfer->http, "Content-Type");
    const int failed = write_out_print(stdout, transfer->command->options->write_out, report, type);

    if (failed == 0 || transfer->failure.exit_code != 0)
        return;
    failure_set(&transfer->failure, EXIT_WRITE, "standard output cannot be written: %s", strerror(failed));
    message_line("%s: %s", transfer->request.shown, transfer->failure.text);
}

static void tell_result(struct transfer *transfer, uint32_t total_ms)
{
    const struct command *const command = transfer->command;
    struct report report = {
        .url = transfer->request.shown,
        .final_url = picket_http_url(&transfer->http),
        .status = picket_http_status(&transfer->http),
        .detail = picket_http_detail(&transfer->http),
        .exit_code = transfer->failure.exit_code,
        .total_ms = total_ms,
        .arena_size = command->arena_size,
    };

    picket_memory(command->client, &report.arena_used, &report.arena_peak);
    if (command->options->write_out != NULL)
        write_out(transfer, &report);
    if (command->options->report)
        report_print(&report);
}

static void close_output(struct transfer *transfer)
{
    const bool to_file = transfer->output.is_open && transfer->path != NULL;
    const int failed = output_close(&transfer->output);

    if (failed != 0)
        stop_writing(transfer, failed);
    if (to_file && transfer->failure.exit_code != 0)
        failure_add(&transfer->failure, "%s is incomplete", transfer->path);
    progress_end(&transfer->progress, transfer->failure.exit_code == 0 && interrupt_signal() == 0);
}

int transfer_run(const struct command *command, size_t index)
{
    struct transfer transfer;
    const uint32_t start = command->port->millis(command->port->ctx);

    memset(&transfer, 0, sizeof transfer);
    transfer.command = command;
    prepare_and_run(&transfer, index);
    const uint32_t total_ms = command->port->millis(command->port->ctx) - start;
    close_output(&transfer);
    if (transfer.failure.exit_code != 0 && interrupt_signal() == 0)
        message_line("%s: %s", transfer.request.shown, transfer.failure.text);
    if (command->options->write_out != NULL || command->options->report)
        tell_result(&transfer, total_ms);
    picket_http_close(&transfer.http);
    body_close(&transfer.body);
    request_free(&transfer.request);
    range_free(&transfer.range);
    free(transfer.remote_name);
    free(transfer.head);
    return transfer.failure.exit_code;
}
