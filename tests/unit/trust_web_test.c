// The roots of the web as the build made them: each line is what trust.h says it is, and is found under its name.
#include "check.h"
#include "picket/trust.h"
#include "trust_der.h"

static const picket_anchor_t *at(size_t i)
{
    return &picket_trust_web.anchors[i];
}

static void there_are_some(void)
{
    CHECK(picket_trust_web.count >= 20 && picket_trust_web.count <= 400);
    CHECK(picket_trust_web.pin_count == 0);
}

static void sorted_by_the_hash_that_the_core_takes(void)
{
    for (size_t i = 0; i < picket_trust_web.count; i++) {
        CHECK(picket_trust_hash(at(i)->der, at(i)->name_len) == at(i)->subject_hash);
        CHECK(i == 0 || at(i - 1)->subject_hash <= at(i)->subject_hash);
    }
}

static void a_name_and_a_key(void)
{
    for (size_t i = 0; i < picket_trust_web.count; i++) {
        const uint8_t *p = at(i)->der;
        size_t left = at(i)->der_len;
        der_t name, key;
        CHECK(der_next(&p, &left, &name) && name.tag == 0x30 && name.whole == at(i)->name_len);
        CHECK(der_next(&p, &left, &key) && key.tag == 0x30 && left == 0);
    }
}

static void dates(void)
{
    for (size_t i = 0; i < picket_trust_web.count; i++) {
        CHECK(at(i)->not_before > 600000000 && at(i)->not_before < at(i)->not_after);
        CHECK(at(i)->distrust_after == 0 || at(i)->distrust_after > at(i)->not_before);
    }
}

static void the_origin_begins_with_a_date(void)
{
    int year = 0, month = 0, day = 0;
    unsigned count = 0;
    CHECK(sscanf(picket_trust_web_origin, "%4d-%2d-%2d, %u roots", &year, &month, &day, &count) == 4);
    CHECK(year >= 2020 && month >= 1 && month <= 12 && day >= 1 && day <= 31);
    CHECK(count == picket_trust_web.count);
}

int main(void)
{
    RUN(there_are_some);
    RUN(sorted_by_the_hash_that_the_core_takes);
    RUN(a_name_and_a_key);
    RUN(dates);
    RUN(the_origin_begins_with_a_date);
    return check_done();
}
