/* The one function that LLVM's unwinder, compiled for glibc, lacks in musl:
   what fprintf becomes under _FORTIFY_SOURCE. */
#include <stdarg.h>
#include <stdio.h>

int __fprintf_chk(FILE *stream, int flag, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vfprintf(stream, format, args);
	va_end(args);
	return n;
}
