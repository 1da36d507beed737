package archive

// Reason is why a tarball is refused. Errors of Read wrap one, unless reading or writing
// itself failed.
type Reason string

// The reasons for refusing a tarball.
const (
	ErrGzip      Reason = "it is not an intact gzip file"
	ErrHeader    Reason = "it has a damaged tar header"
	ErrTruncated Reason = "it ends too early"
	ErrTrailing  Reason = "it has data after an end"
	ErrEmpty     Reason = "it has no entry"

	ErrTooMany  Reason = "it is one entry too many"
	ErrTooLarge Reason = "it is too large"
	ErrRatio    Reason = "it is compressed too well, like a gzip bomb"

	ErrAbsolute  Reason = "it has an absolute name"
	ErrParent    Reason = "its name leads to a parent directory"
	ErrFolder    Reason = "its name has a directory"
	ErrName      Reason = "its name is not plain"
	ErrDuplicate Reason = "its name appears twice"

	ErrSymlink  Reason = "it is a symbolic link"
	ErrHardLink Reason = "it is a hard link"
	ErrDevice   Reason = "it is a device"
	ErrFIFO     Reason = "it is a named pipe"
	ErrSparse   Reason = "it is a sparse file"
	ErrType     Reason = "it is of an unknown type"
	ErrMode     Reason = "its mode is more than permissions"
	ErrSize     Reason = "its size is not a number of bytes"

	ErrRecord   Reason = "it has an extended header that is not allowed"
	ErrDisagree Reason = "its extended header contradicts its own"
)

func (r Reason) Error() string { return string(r) }
