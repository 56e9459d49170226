import { Ship } from './ship';

export type Berth = {
  name: string;
  depth: number;
};
type Id = string | number;

export interface Pilot<T extends Ship> extends Person {
  readonly licence: string;
  guide(ship: T, to?: Berth): Promise<void>;
  (ship: T): boolean;
  onDone?: (berth: Berth) => void;
}

export enum Weather {
  Calm = 'calm',
  Storm = 'storm',
}

declare module 'ship' {
  export function horn(times: number): void;
}

namespace Radio {
  export const channel = 16;
  export function call(who: string): void {}
}

function log(message: string): void;
function log(message: string, level: number): void;
function log(message: string, level = 0): void {
  console.log(level, message);
}

@registered('pilots')
export abstract class HarborPilot implements Pilot<Ship> {
  private static count = 0;
  protected readonly ships: Ship[] = [];

  constructor(public readonly licence: string) {}

  @logged
  async guide(ship: Ship, to?: Berth): Promise<void> {
    this.ships.push(ship);
  }

  abstract rest(hours: number): void;

  get busy(): boolean {
    return this.ships.length > 0;
  }
}

export const choose = <T,>(pilots: T[], index: number): T => pilots[index];

export default class extends HarborPilot {
  rest() {}
}
