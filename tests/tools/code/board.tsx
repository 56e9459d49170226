import React, { useState } from 'react';

interface Props {
  ships: string[];
  title?: string;
}

// One line of the board.
const Row = ({ name }: { name: string }) => <li className="row">{name}</li>;

export function Board({ ships, title = 'Arrivals' }: Props): JSX.Element {
  const [open, setOpen] = useState(true);
  const toggle = () => {
    setOpen(!open);
  };

  return (
    <section>
      <h1 onClick={toggle}>{title}</h1>
      {open && (
        <ul>
          {ships.map((name) => (
            <Row key={name} name={name} />
          ))}
        </ul>
      )}
    </section>
  );
}

export class Clock extends React.Component<Props> {
  state = { now: 0 };

  render() {
    return <time>{this.state.now}</time>;
  }
}

export const Memo = React.memo(Board);
