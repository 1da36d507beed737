/* What calls to stdio become where C is compiled for glibc with _FORTIFY_SOURCE, for a
   library so compiled that is linked with musl. Needs no headers of either. */
#include <stdarg.h>
#include <stddef.h>

int vfprintf(void *stream, const char *format, va_list args);
int vsnprintf(char *to, size_t size, const char *format, va_list args);

int __vfprintf_chk(void *stream, int flag, const char *format, va_list args)
{
	(void)flag;
	return vfprintf(stream, format, args);
}

int __fprintf_chk(void *stream, int flag, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = __vfprintf_chk(stream, flag, format, args);
	va_end(args);
	return n;
}

int __vsnprintf_chk(char *to, size_t size, int flag, size_t room, const char *format, va_list args)
{
	(void)flag;
	if (size > room)
		__builtin_trap();
	return vsnprintf(to, size, format, args);
}
