#include <lotto/lotto.h>

#define TEXT_OF_NUMBER(number) #number
#define VERSION_TEXT(major, minor, patch)                                                                    \
    TEXT_OF_NUMBER(major) "." TEXT_OF_NUMBER(minor) "." TEXT_OF_NUMBER(patch)

const char *lotto_version(void) {
    return VERSION_TEXT(LOTTO_VERSION_MAJOR, LOTTO_VERSION_MINOR, LOTTO_VERSION_PATCH);
}

const char *lotto_status_string(lotto_status status) {
    switch (status) {
#define STATUS_CASE(name, value, text)                                                                       \
    case name:                                                                                               \
        return text;
        LOTTO_STATUS_LIST(STATUS_CASE)
#undef STATUS_CASE
    }
    return "unknown status";
}
