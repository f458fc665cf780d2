#include "conformance.h"

CONFORMANCE_MAIN(.backend = "kafka", .broker = "kafka", .login_arguments = "--auth",
                 .login_username = "millrace", .login_password = "secret",
                 .login_mechanism = "PLAIN", .silent_without_login = true)
