// A module whose function does nothing: what any call costs.
package main

type Noop struct{}

// Do nothing, each time anew.
//
// +cache="never"
func (m *Noop) Nothing() string { return "nothing" }
