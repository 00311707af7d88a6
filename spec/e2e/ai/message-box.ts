import { createElement as h, useState, type ReactNode } from 'react';

/** The field of the pages in which a message is written. */
export function MessageBox({ send }: { send: (text: string) => void }): ReactNode {
  const [text, setText] = useState('');
  return h(
    'form',
    {
      onSubmit: (event: { preventDefault: () => void }) => {
        event.preventDefault();
        send(text);
        setText('');
      }
    },
    h('input', {
      'aria-label': 'Message',
      value: text,
      onChange: (event: { target: { value: string } }) => {
        setText(event.target.value);
      }
    })
  );
}
