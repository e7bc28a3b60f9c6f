const controller = new AbortController();
controller.signal.addEventListener('abort', () => console.log('aborted'));
controller.abort(new Error('enough'));
return controller.signal.aborted;
