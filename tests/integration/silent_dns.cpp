// Name servers that never answer, for one process (LD_PRELOAD): no name is resolved.
#include <netdb.h>
#include <unistd.h>

extern "C" int getaddrinfo(char const*, char const*, addrinfo const*, addrinfo**) {
  for (;;) ::pause();
}
