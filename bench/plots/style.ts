import type { Config } from 'vega-lite';
import type { RawData } from '../raw-data.js';

/** Okabe and Ito's colours: told apart by those who do not see red and green as well. */
export const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'];
export const WIDTH = 640;

export const STYLE: Config = {
  // Dark pages would swallow the text otherwise.
  background: 'white',
  padding: 14,
  font: 'Helvetica, Arial, sans-serif',
  axis: {
    labelFontSize: 13,
    titleFontSize: 13,
    titlePadding: 10,
    titleFontWeight: 'normal',
    gridColor: '#e4e4e4',
    domainColor: '#888',
    tickColor: '#888',
  },
  legend: { labelFontSize: 13, titleFontSize: 13, titleFontWeight: 'normal', labelLimit: 320 },
  header: { labelFontSize: 14, labelFontWeight: 'bold', labelAnchor: 'start', labelLimit: WIDTH },
  title: { fontSize: 17, anchor: 'start', subtitleFontSize: 13, subtitleColor: '#555', offset: 16 },
  view: { stroke: null },
  range: { category: COLOURS },
};

/** On what the figures were taken, for the subtitle. */
export function machineOf({ machine }: RawData): string {
  return `${String(machine.cores)} × ${machine.cpu}, Node ${machine.node}, ${machine.fileSystem}`;
}
