package fault

// Stage is a stage of processing a request.
type Stage string

const (
	// Received is before the request is processed.
	Received Stage = "received"
	// Handled is after the server handled it and before the response is sent.
	Handled Stage = "handled"
	// Answered is after the whole response was handed to the network.
	Answered Stage = "answered"
)

// Event is a request that reached a stage. A request with a fault never reaches Answered,
// and reaches Handled only for some kinds.
type Event struct {
	Stage Stage
	Request
}

// OnRequest sets a function that is called for every request at every stage, in the
// goroutine of the request: if f blocks, only that request waits. nil removes it.
func (p *Proxy) OnRequest(f func(Event)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hook = f
}

// reach calls the hook.
func (p *Proxy) reach(stage Stage, note *Request) {
	p.mu.Lock()
	hook, event := p.hook, Event{stage, *note}
	p.mu.Unlock()
	if hook != nil {
		hook(event)
	}
}

func (p *Proxy) watched() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hook != nil
}
