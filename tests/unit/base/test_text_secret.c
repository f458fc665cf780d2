/*
 * A text that holds a password leaves no copy of it in memory that was freed. The linker puts the
 * functions below in front of the allocator's.
 */
#include "check.h"

#include "text.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define PASSWORD "correct horse battery staple"

static uint32_t leaks;

static void look(const void *memory)
{
    if (memory != NULL && memmem(memory, malloc_usable_size((void *)(uintptr_t)memory), PASSWORD,
                                 strlen(PASSWORD)) != NULL) {
        leaks++;
    }
}

/* NOLINTBEGIN: the linker's names. */
void __real_free(void *memory);
void *__real_realloc(void *memory, size_t bytes);
void __wrap_free(void *memory);
void *__wrap_realloc(void *memory, size_t bytes);

void __wrap_free(void *memory)
{
    look(memory);
    __real_free(memory);
}

/* It may move, and leaves what was there. */
void *__wrap_realloc(void *memory, size_t bytes)
{
    look(memory);
    return __real_realloc(memory, bytes);
}
/* NOLINTEND */

static uint32_t leaks_of(bool secret)
{
    struct text text = {.secret = secret};

    leaks = 0;
    text_add(&text, PASSWORD);
    for (int i = 0; i < 1000; i++) {
        text_add(&text, " and more"); /* Grows several times. */
    }
    assert_false(text_failed(&text));
    text_done(&text);
    return leaks;
}

static void a_secret_text_is_wiped_wherever_it_was(void **state)
{
    (void)state;
    assert_int_equal(leaks_of(true), 0);
    assert_true(leaks_of(false) > 1); /* Else this test sees nothing. */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_text_is_wiped_wherever_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
