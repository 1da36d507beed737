package fault

// Stage is where a request is.
type Stage string

const (
	// Received is before anything is done about it.
	Received Stage = "received"
	// Handled is after the server has handled it and before anything is answered.
	Handled Stage = "handled"
	// Answered is after all of the answer was handed to the network.
	Answered Stage = "answered"
)

// Event is a request reaching a stage. One that meets a fault is never answered, and
// handled with some alone.
type Event struct {
	Stage Stage
	Request
}

// OnRequest has f called for every request at every stage that it reaches, by the
// goroutine that handles it: while f blocks, nothing goes on with that request, and
// everything with others. The last f counts; nil ends it.
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
