/** What the page offers to scripts: see `api` in main.js. */
interface Window {
  mutirao: {
    year(): number;
    setYear(year: number): void;
    pixel(longitude: number, latitude: number): Promise<object | null>;
    explain(longitude: number, latitude: number, year?: number): Promise<object | null>;
  };
}
declare module '*.css';
