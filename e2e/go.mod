module dagger/slipway/e2e

go 1.26.1

require dagger/slipway v0.0.0

require (
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/klauspost/pgzip v1.3.0 // indirect
)

replace dagger/slipway => ../
